"""How good is a suite? Plant mistakes in the reference and see which of them the suite catches."""

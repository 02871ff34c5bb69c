"""Masters and reference in, student release out."""

"""A two-layer network made of functions."""

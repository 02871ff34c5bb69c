"""Submissions and hidden checks in, results out."""

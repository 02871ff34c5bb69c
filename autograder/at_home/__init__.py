"""What becomes `check.py`: the public checks on the student's own machine, and `--submit`."""

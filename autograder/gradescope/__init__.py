"""What runs on Gradescope: `run_autograder` of the zip that `gradlab gradescope` makes."""

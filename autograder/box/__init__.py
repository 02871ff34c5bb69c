"""The part that runs in the process of the student: standard library, numpy and itself."""

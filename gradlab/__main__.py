"""`python -m gradlab`, where the command itself is not on the path."""

from gradlab.cli import main

if __name__ == "__main__":
    main()

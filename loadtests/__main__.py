"""`python -m loadtests` is the command `slagate`."""

from loadtests.cli import main

if __name__ == "__main__":
    main()

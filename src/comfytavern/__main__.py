"""`python -m comfytavern` is the same as `comfytavern`."""

from comfytavern.cli.main import main

if __name__ == "__main__":
    main()

"""The command, as `foreseen` and as `python -m foreseen`."""

from foreseen.entrypoints.cli.app import main

if __name__ == "__main__":
    main()

"""The command, as `foreseen` and as `python -m foreseen`."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # Python looks in the working directory first, where a file json.py would stand for the library of that name, and
    # anybody's ujson.py for one that is not installed. What loads the model looks there last, and checks what it finds.
    sys.path.pop(0)

from foreseen.entrypoints.cli.process.early_signals import handle_early_signals

handle_early_signals()  # what is imported next takes a third of a second

from foreseen.entrypoints.cli.command_line import main  # noqa: E402

if __name__ == "__main__":
    main()

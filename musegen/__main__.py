"""The command `musegen`, and `python -m musegen`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it with a sentence while it is still being loaded too."""
    try:
        from musegen.cli.app import main as run
    except KeyboardInterrupt:
        from musegen.errors import Interrupted

        sys.stderr.write("Stopped by Ctrl-C, with nothing half-written.\n")
        sys.exit(Interrupted.exit_code)
    run()


if __name__ == "__main__":
    main()

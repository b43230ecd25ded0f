"""The command `musegen`, and `python -m musegen`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it with a sentence while it is still being loaded too."""
    try:
        from musegen.cli.app import main as run
    except KeyboardInterrupt:
        from musegen.errors import STOPPED, Interrupted

        sys.stderr.write(f"{STOPPED[0].upper()}{STOPPED[1:]}.\n")
        sys.exit(Interrupted.exit_code)
    run()


if __name__ == "__main__":
    main()

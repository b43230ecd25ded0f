"""Writes docs/commands.md, the reference of the command line, from the commands themselves.

`python -m tests.docs.commands`, or `pytest tests/docs --rewrite-golden`. The page is that of
typer's own generator; only what it shortens is put back, and each command linked to.
"""

import re
from pathlib import Path
from types import SimpleNamespace

import typer
from typer.cli import get_docs_for_click

from musegen.cli.app import app

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
_OPENING = """# The commands

All of them with all their options, as `musegen COMMAND --help` tells them. Exit codes: 0 done, 1
could not, 2 asked wrongly, 130 interrupted. Every option can be set by the environment too, by the
variable that `--help` names: `MUSEGEN_TRAIN_BUDGET=1h` is `musegen train --budget 1h`. With
`--json` a command prints one object on standard output, and nothing else there.

This page is made from the code, by `python -m tests.docs.commands`.
"""


def page() -> str:
    """The page as the code has it now."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="musegen")
    made = get_docs_for_click(obj=command, ctx=context, name="musegen")
    _, _, made = made.partition("\n")  # its title
    made = re.sub(r"\* `--help`: .*\n", "", made).replace("**Options**:\n\n\n", "")
    made = made.replace("```console\n$ ", "```text\n")
    return f"{_OPENING}{_with_whole_lists(made, command).rstrip()}\n"


def _with_whole_lists(made: str, command: object) -> str:
    """The lists of commands, with what each does in full."""
    for path, its in _commands(command):
        names = path.split()
        summary = " ".join(its.help.split("\n\n")[0].split())
        anchor = "-".join(["musegen", *names])
        short = rf"^\* `{names[-1]}`: {re.escape(its.get_short_help_str())}$"
        entry = f"* [`{names[-1]}`](#{anchor}): {summary}"
        made = re.sub(short, lambda _, entry=entry: entry, made, count=1, flags=re.MULTILINE)
    return made


def _commands(group: object, before: str = "") -> list[tuple[str, SimpleNamespace]]:
    """All commands below a group, by what is typed after `musegen`."""
    found = []
    for name, its in getattr(group, "commands", {}).items():
        found += [(f"{before}{name}", its), *_commands(its, f"{before}{name} ")]
    return found


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

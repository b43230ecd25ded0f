"""What can go wrong, as one small tree. Only the command line prints these.

MusegenError            could not do what was asked (exit code 1)
├── UnreadableFile      a music file is damaged or of an unknown kind
├── CorpusError         a folder holds too little, or nothing, to learn from
├── ModelError          a model folder is damaged, of another version, or does not suit the music
├── OutputError         the result could not be written (disk full, no permission, already there)
├── MissingExtra        an optional library is not installed
├── Interrupted         the user broke off with Ctrl-C (exit code 130)
└── UsageError          asked wrongly (exit code 2)
    └── NotFound        no such file, folder, model or data set
"""

from __future__ import annotations

from pathlib import Path


class MusegenError(Exception):
    """A failure told to the user in one sentence, with a way out.

    Args:
        message: what is wrong, without the file's name.
        file: the file or folder that it concerns.
        hint: what to do next.
    """

    exit_code = 1

    def __init__(self, message: str, *, file: str | Path | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.file = None if file is None else str(file)
        self.hint = hint

    @property
    def kind(self) -> str:
        """The name of the class, which scripts see as `error.kind`."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.file}: {self.message}" if self.file else self.message


class UnreadableFile(MusegenError):
    """A music file is damaged or of an unknown kind."""


class CorpusError(MusegenError):
    """A folder holds too little, or nothing, to learn from."""


class ModelError(MusegenError):
    """A model folder is damaged, of another version, or does not suit the music."""


class OutputError(MusegenError):
    """The result could not be written."""


class MissingExtra(MusegenError):
    """An optional library is not installed."""

    @classmethod
    def of(cls, library: str, extra: str) -> MissingExtra:
        """The library, and the extra of musegen that brings it."""
        hint = f"Install it: pip install 'musegen[{extra}]'."
        return cls(f"the library {library} is not installed", hint=hint)


class UsageError(MusegenError):
    """The command was asked wrongly."""

    exit_code = 2


class NotFound(UsageError):
    """There is no such file, folder, model or data set."""


STOPPED = "stopped by Ctrl-C, with nothing half-written"


class Interrupted(MusegenError):
    """The user broke off with Ctrl-C."""

    exit_code = 130

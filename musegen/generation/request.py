"""What `musegen generate` is asked for, as it is written into each file, to make it again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import musegen
from musegen.errors import MusegenError
from musegen.score.files import made_by

MARK = "composed by musegen "


@dataclass(frozen=True)
class Request:
    """All that the music depends on but the model. The fields are the options of the command.

    Attributes:
        seed: file or folder; `seed_sha256` is of its content.
        adapt_steps: how many updates the model was adapted by, which `adapt` says in time.
        broken_off: whether Ctrl-C ended it.
        of_n: which of the n candidates, from 0, before they were ranked.
    """

    seed: str = ""
    seed_sha256: str = ""
    n: int = 1
    of_n: int = 0
    bars: int | None = None
    seconds: float | None = None
    notes: int | None = None
    continue_from: int | None = None
    parts: str = ""
    omit_seed: bool = False
    finish: bool = False
    style: str = ""
    density: str = ""
    key: str = ""
    metre: str = ""
    tempo: float | None = None
    instruments: str = ""
    temperature: str = "1"
    top_k: int = 0
    top_p: float = 1.0
    min_p: float | None = None
    max_copy: int | None = None
    infill: str = ""
    accompany: str = ""
    adapt: str = ""
    adapt_steps: int | None = None
    broken_off: bool = False
    random_seed: int = 0

    def text(self, fingerprint: str) -> str:
        """What stands in a file: version, the model's fingerprint, and what is not as usual."""
        usual = Request()
        settings = {k: v for k, v in asdict(self).items() if v != getattr(usual, k)}
        about = {"version": musegen.__version__, "model": fingerprint, **settings}
        return MARK + json.dumps(about, ensure_ascii=True)

    @classmethod
    def of(cls, file: Path) -> tuple[Request, str, str]:
        """What made the music in a file, the fingerprint of the model, and musegen's version.

        Raises:
            MusegenError: it does not say so, or cannot be read.
        """
        for text in made_by(file):
            if text.startswith(MARK):
                return cls._read(text.removeprefix(MARK), file)
        hint = "Only files of musegen generate do, as it wrote them."
        raise MusegenError("does not say how it was made", file=file, hint=hint)

    @classmethod
    def _read(cls, text: str, file: Path) -> tuple[Request, str, str]:
        hint = "It may have been made by another version of musegen."
        try:
            about: dict[str, Any] = json.loads(text)
            fingerprint, version = str(about.pop("model")), str(about.pop("version"))
            usual = cls()
            for field in fields(cls):
                value, default = about.get(field.name), getattr(usual, field.name)
                if value is not None and default is not None and type(value) is not type(default):
                    raise ValueError(field.name)
            return cls(**about), fingerprint, version
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            reason = "says in a damaged way how it was made"
            raise MusegenError(reason, file=file, hint=hint) from error

"""Real tunes: a sample of every collection against abc2midi, and awkward ones."""

import random
import shutil
from pathlib import Path

import pytest

from musegen.score.abc import read_tunes
from musegen.score.score import Score
from tests.bench.abc import Findings, Oracle, tunes

needs_abc2midi = pytest.mark.skipif(
    not shutil.which("abc2midi"), reason="needs abc2midi, from Debian's abcmidi"
)


@needs_abc2midi
@pytest.mark.parametrize("name", ["irish", "nottingham", "ryan", "oneill", "essen"])
def test_pitches_times_and_bars_are_those_that_abc2midi_plays(
    name: str, shared: Path, tmp_path: Path
) -> None:
    """The others are broken, and readers mend them differently: the benchmark lists them."""
    sample = random.Random(0).sample(list(tunes(name)), 40)
    found = Findings()
    with Oracle(tmp_path) as oracle:
        for tune in sample:
            found.add(*tune, oracle)
    assert found.counts["written: agrees"] >= 38
    assert found.counts["written"] == 40
    assert found.counts["bars wrong"] + found.counts["refused"] <= 1


def test_every_awkward_file_is_read_without_damage(shared: Path) -> None:
    for file in sorted(shared.glob("odd/abc/*.abc")):
        for tune in read_tunes(file.read_text(encoding="utf-8")):
            assert isinstance(tune, Score), file
            assert not tune.faults

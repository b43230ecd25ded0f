"""Damaged files are a score or a reason, in time and in little memory: a short run of `fuzz`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fault.fuzz import KINDS, made

ROOT = Path(__file__).parents[2]
RUNS = [
    *(("midi", 500, ""), ("abc", 200, ""), ("kern", 20, ""), ("musicxml", 40, "")),
    *(("midi", 3, "--use"), ("abc", 5, "--use"), ("musicxml", 8, "--use")),
]


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
@pytest.mark.parametrize(("kind", "number", "use"), RUNS)
def test_a_damaged_file_is_a_score_or_a_reason(
    kind: str, number: int, use: str, tmp_path: Path
) -> None:
    """Of hand-made music alone, so that it is the same everywhere."""
    call = [sys.executable, "-m", "tests.fault.fuzz", kind, "--number", str(number)]
    call += ["--random-seed", "1", "--data", str(tmp_path), *([use] if use else [])]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "read" in done.stdout or "mended" in done.stdout


def test_the_same_number_gives_the_same_input(tmp_path: Path) -> None:
    for kind in (KINDS["midi"], KINDS["abc"]):
        one, two = (made(kind, kind.sources(tmp_path), number=7, random_seed=0) for _ in "ab")
        assert one == two != b""

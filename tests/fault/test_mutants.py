"""A mutant is one change of what a module does; tests that look catch it, others do not."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fault.mutants import count, mutants_of

SOURCE = '''"""1 < 2 stays text."""

LEAST: int = 3


def half(n: int, whole: bool = True) -> int:
    """Half of it."""
    if n < LEAST:
        raise ValueError(f"{n + 1} is under {LEAST}")
    return n // 2
'''
LOOKS = "from halves import half\n\ndef test_half():\n    assert half(9) == 4\n"


def test_only_what_runs_is_changed_one_place_at_a_time() -> None:
    found = [(m.lines.start, m.before, m.after) for m in mutants_of(SOURCE)]
    assert found == [
        (3, "3", "4"),
        (6, "True", "False"),
        (8, "if n < LEAST:", "if True:"),
        (8, "if n < LEAST:", "if False:"),
        (8, "n < LEAST", "n <= LEAST"),
        (10, "n // 2", "n * 2"),
        (10, "2", "3"),
    ]


def test_a_sample_is_the_same_each_time() -> None:
    every = [mutant.after for mutant in mutants_of(SOURCE)]
    assert len(every) == count(SOURCE)
    drawn = [mutant.after for mutant in mutants_of(SOURCE, 3, random_seed=1)]
    assert drawn == [mutant.after for mutant in mutants_of(SOURCE, 3, random_seed=1)]
    assert len(drawn) == 3
    assert set(drawn) < set(every)


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
def test_what_no_test_looks_at_is_told(tmp_path: Path) -> None:
    (tmp_path / "halves.py").write_text(SOURCE)
    (tmp_path / "test_halves.py").write_text(LOOKS)
    command = [sys.executable, "-m", "tests.fault.mutants", "halves.py", "test_halves.py"]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": f"{root}:{tmp_path}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    *missed, last = [line for line in done.stdout.splitlines() if line.startswith("halves.py")]
    assert last == "halves.py: 7 of 7 mutants tried, 3 caught"
    assert missed == [
        "halves.py:3: 3 → 4",
        "halves.py:6: True → False",
        "halves.py:8: if n < LEAST: → if False:",
        "halves.py:8: n < LEAST → n <= LEAST",
    ]

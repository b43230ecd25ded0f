"""Work over several processes: it is that of one, and Ctrl-C ends it quietly."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from musegen.corpus.processes import spread

SLEEPERS = """
import time
from musegen.corpus.processes import spread
print("ready", flush=True)
try:
    for _ in spread(time.sleep, [0.01] + [60] * 9, processes=2):
        print("begun", flush=True)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_results_come_in_order() -> None:
    found = list(spread(pow, range(9), [2] * 9, processes=2))
    assert found == [number**2 for number in range(9)]


def test_a_script_without_a_guard_is_run_but_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from musegen.corpus.processes import spread\n"
        "print(list(spread(pow, range(9), [2] * 9, processes=2)))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{[number**2 for number in range(9)]}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal's Ctrl-C cannot be sent there")
@pytest.mark.parametrize(
    ("line", "seconds"), [("ready", 0.02), ("ready", 0.06), ("ready", 0.1), ("begun", 0.0)]
)
def test_ctrl_c_ends_every_process_at_once_and_without_a_word(line: str, seconds: float) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPERS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        while parent.stdout.readline().strip() != line:
            pass
        time.sleep(seconds)
        os.killpg(parent.pid, signal.SIGINT)  # as a terminal does
        said, errors = parent.communicate(timeout=20)
    assert (said.splitlines()[-1], errors, parent.returncode) == ("interrupted", "", 0)

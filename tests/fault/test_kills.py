"""Training that is struck goes on to the same weights, and no two go on in one folder."""

import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="strikes by means that Linux has")
def test_a_training_struck_three_times_ends_as_if_it_never_was() -> None:
    command = [sys.executable, "-m", "tests.fault.kills", "--kills", "3"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "3 strikes" in done.stdout

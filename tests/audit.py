"""Flaws known in what requirements.lock pins: `python -m tests.audit`, a part of `make lint`.

Where no index of flaws answers, nothing is asked, and that is said; a flaw found ends with 1.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements.lock"
ONE = "packaging==26.3 --hash=sha256:" + "0" * 64 + "\n"
PATIENCE = (10, 60)  # seconds: whether an index answers at all; for all packages


def audit(requirements: Path, seconds: float) -> list[dict[str, Any]]:
    """What pip-audit knows of each package; empty where no index answers in time."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(requirements), "--require-hashes"]
    command += ["--disable-pip", "--progress-spinner", "off", "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        return []
    return [package for package in found if "skip_reason" not in package]


def main() -> int:
    """Say what was found; 1 where there are flaws."""
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder, "first.txt")
        first.write_text(ONE)
        found = audit(first, PATIENCE[0]) and audit(LOCK, PATIENCE[1])
    flawed = [package for package in found if package["vulns"]]
    for package in flawed:
        names = ", ".join(flaw["id"] for flaw in package["vulns"])
        print(f"{package['name']} {package['version']}: {names}")
    asked = f"{len(found)} packages asked for, {len(flawed)} with known flaws."
    print(asked if found else "The audit of known flaws is left out: no index of them answers.")
    return 1 if flawed else 0


if __name__ == "__main__":
    sys.exit(main())

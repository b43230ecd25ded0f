"""`make fresh`: from the wheel alone, in an environment of its own, to a piece and its sound.

    python -m tests.bench.fresh [FOLDER_OF_MODELS]

The wheel is built and installed where there is no checkout; only the libraries that are here
already are lent to it, to spare downloading torch. The models that ship go with it, or else those
of the folder. What is timed may take twice as long as importing torch, and ten seconds more.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
SHIPPED = ("musegen", "datasets", "models", "pyproject.toml", "README.md", "LICENSE")
ROUNDS = 3
TIMES, SECONDS = 2, 10  # torch's import, and more


def wheel(work: Path, models: str | None) -> Path:
    """The wheel of a copy of the project, with these models."""
    source = work / "source"
    for name in SHIPPED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, source / name)
    if models:
        shutil.copytree(models, source / "models", dirs_exist_ok=True)
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", work, source], check=True)
    return next(work.glob("*.whl"))


def environment(work: Path, built: Path) -> Path:
    """The programs of a new environment that holds the wheel, and borrows other libraries."""
    folder = work / "fresh"
    venv.create(folder, symlinks=os.name != "nt")
    scheme = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", vars=scheme))
    lent = Path(torch.__file__).parents[1]  # its .pth files, our checkout among them, are not read
    (site / "lent.pth").write_text(f"{lent}\n")
    programs = Path(sysconfig.get_path("scripts", vars=scheme))
    pip = [sys.executable, "-m", "pip", "-q", "--python", programs / "python"]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", built], check=True)
    return programs


def seconds(*commands: list[object], within: Path) -> float:
    """How long commands take, one after the other, in a folder and with a state of their own."""
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    own = {name: str(within / name) for name in ("MUSEGEN_STATE", "MUSEGEN_CACHE")}
    began = time.monotonic()
    for command in commands:
        subprocess.run(list(map(str, command)), check=True, cwd=within, env=variables | own)
    return time.monotonic() - began


def main() -> None:
    """Time both in turn, and say whether it is quick enough."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        built = wheel(work, *(sys.argv[1:] or [None]))
        print(f"{built.name}: {built.stat().st_size / 1e6:.1f} MB")
        programs = environment(work, built)
        times = []
        for number in range(ROUNDS):
            here = work / str(number)
            here.mkdir()
            imported = seconds([programs / "python", "-c", "import torch"], within=here)
            musegen = programs / "musegen"
            first = (
                [musegen, "generate", "-o", "a.mid"],
                [musegen, "play", "a.mid", "--wav", "a.wav"],
            )
            times.append((imported, seconds(*first, within=here)))
            assert (here / "a.wav").stat().st_size > 44_100
    imported, first = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"import torch: {imported:.1f} s; a piece and its sound: {first:.1f} s (of {ROUNDS})")
    if first > TIMES * imported + SECONDS:
        sys.exit(f"more than {TIMES} times that and {SECONDS} s")


if __name__ == "__main__":
    main()

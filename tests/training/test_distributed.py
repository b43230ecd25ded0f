"""Several processes learn as one would, keep time together, and end together."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import distributed as torch_distributed

from musegen.corpus.batches import Batches
from musegen.corpus.prepare import Prepared, prepare
from musegen.errors import CorpusError, ModelError
from musegen.evaluation.trained import load
from musegen.network.backbones import BACKBONES
from musegen.network.checkpoint import load_tensors
from musegen.network.file_names import RESUME, WEIGHTS
from musegen.score.files import write
from musegen.training import distributed, fit
from musegen.training.fit import CHECKPOINT
from musegen.training.run import Run

pytestmark = pytest.mark.skipif(
    not torch_distributed.is_available() or not torch_distributed.is_gloo_available(),
    reason="this torch works in one process alone",
)
SCRIPT = Path(__file__).with_name("several.py")
_spec = importlib.util.spec_from_file_location("several", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
several: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(several)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory, make_score: Callable[..., Any]) -> Path:
    """Pieces of one to eight bars, so that two processes are seldom given as many words."""
    folder = tmp_path_factory.mktemp("music")
    for number in range(8):
        write(make_score("grid", number, bars=1 + number), folder / f"{number}.mid")
    return folder


@pytest.fixture(scope="module")
def prepared(music: Path) -> Prepared:
    return prepare(music)


def torchrun(task: str, music: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Two processes, started as the documentation says."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*launcher, "--nproc-per-node", "2", str(SCRIPT), task, str(music), str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment, check=False
    )


@pytest.fixture(scope="module")
def learnt(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes have learnt."""
    folder = tmp_path_factory.mktemp("learnt")
    job = torchrun("learn", music, folder)
    assert job.returncode == 0, job.stderr
    return folder


@pytest.fixture
def as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of this process have the batches of two, and no dropout."""
    for name in ("network_settings", "FitSettings"):
        monkeypatch.setattr(several.run, name, getattr(several.run, name))
    several.small(2 * several.BATCH_WORDS, dropout=0.0)


def assert_near(one: Path, other: Path) -> None:
    """The weights of two models are equal to 1e-5."""
    mine, others = load_tensors(one / WEIGHTS)[0], load_tensors(other / WEIGHTS)[0]
    assert mine.keys() == others.keys()
    for name, weights in mine.items():
        torch.testing.assert_close(weights, others[name], atol=1e-5, rtol=0)


@pytest.mark.usefixtures("as_one")
@pytest.mark.parametrize("backbone", BACKBONES)
def test_two_processes_learn_what_one_learns_from_batches_of_both(
    learnt: Path, prepared: Prepared, tmp_path: Path, backbone: str
) -> None:
    alone = several.start(prepared, tmp_path / "alone", backbone)
    met = [alone.fit.batches[step].valid for step in range(several.STEPS)]
    assert sum(valid[::2].sum() != valid[1::2].sum() for valid in met) > 2  # or weights are equal
    several.to_the_end(alone)
    assert_near(learnt / backbone, tmp_path / "alone")
    theirs = load(learnt / backbone).config
    for name in ("steps", "train_nats", "valid_nats"):
        expected = alone.config["figures"][name]
        assert theirs["figures"][name] == pytest.approx(expected, abs=1e-5)
    assert theirs["training"]["fit"] == alone.config["training"]["fit"]


def test_two_processes_killed_end_as_two_never_killed(learnt: Path) -> None:
    whole, killed = (load_tensors(learnt / name / WEIGHTS)[0] for name in ("whole", "killed"))
    assert all(torch.equal(killed[name], weights) for name, weights in whole.items())


@pytest.mark.usefixtures("as_one")
def test_what_two_processes_began_one_can_end(learnt: Path, prepared: Prepared) -> None:
    assert (learnt / "left" / RESUME / CHECKPOINT).is_file()
    several.to_the_end(Run.resume(prepared, learnt / "left", "cpu"))
    assert_near(learnt / "left", learnt / "gru")


def test_all_go_by_the_clock_of_the_first(learnt: Path) -> None:
    first, second = (json.loads((learnt / f"clock-{k}.json").read_text()) for k in range(2))
    assert first == second
    assert 0.5 <= first[-1][1] < 5


def test_no_two_processes_nor_updates_drop_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = set()
    for rank in range(4):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        seeds |= {fit._dropout_seed(seed, step) for seed in range(3) for step in range(50)}
    assert len(seeds) == 4 * 3 * 50


@pytest.mark.slow
@pytest.mark.parametrize("task", ["fail", "interrupt"])
def test_what_ends_one_ends_all_with_one_sentence(music: Path, tmp_path: Path, task: str) -> None:
    job = torchrun(task, music, tmp_path / "model")
    told = (
        "Error: The second process has failed. Mend it." if task == "fail" else "Stopped by Ctrl-C,"
    )
    assert job.stderr.count(told) == 1, job.stderr
    assert job.returncode != 0
    assert "musegen/" not in job.stderr  # no traceback but torchrun's own
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.slow
def test_where_one_is_killed_the_other_says_how_to_go_on(music: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    command = [sys.executable, str(SCRIPT), "die", str(music), str(tmp_path / "model")]
    jobs = [
        subprocess.Popen(
            command,
            env={**os.environ, **place, "OMP_NUM_THREADS": "1", "WORLD_SIZE": "2", "RANK": rank},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    ]
    said = [job.communicate(timeout=120)[1] for job in jobs]
    assert [job.returncode for job in jobs] == [1, -9]
    assert "Another of the processes has ended" in said[0]
    assert "--resume" in said[0]
    assert "Traceback" not in said[0]


def test_parts_of_a_batch_are_the_batch(prepared: Prepared) -> None:
    def made(part: tuple[int, int] = (0, 1)) -> Batches:
        return Batches(prepared, prepared.pieces, length=20, batch=5, random_seed=3, part=part)

    for number in (0, 3, made().per_epoch + 1):
        whole = made()[number]
        for n in (2, 3, 5):
            parts = [made((k, n))[number] for k in range(n)]
            for k, part in enumerate(parts):
                length = part.valid.shape[1]
                for column in ("before", "words", "features", "valid"):
                    expected = getattr(whole, column)[k::n, :length]
                    assert np.array_equal(getattr(part, column), expected)
            n_words = sum(int(part.valid.sum()) for part in parts)
            assert n_words == whole.valid.sum()
    with pytest.raises(CorpusError, match="5 windows, too few for 6 processes"):
        made((0, 6))


def test_each_process_of_a_machine_takes_a_device_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    monkeypatch.setattr(distributed, "_are_several", lambda: True)
    for place in "01":
        monkeypatch.setenv("LOCAL_RANK", place)
        distributed._take_device("auto")
    assert taken == [0, 1]
    distributed._take_device("cpu")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(ModelError, match="2 cuda devices") as told:
        distributed._take_device("cuda")
    assert "--nproc-per-node 2" in told.value.hint
    assert taken == [0, 1]


def test_other_music_in_another_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = [f"{number:064x}" for number in (1 << 250, (1 << 250) + (1 << 210))]
    monkeypatch.setattr(distributed, "of_first", lambda _: float(int(digests[0][:12], 16)))
    distributed.check_same(digests[0])
    with pytest.raises(CorpusError, match="not that of the first process"):
        distributed.check_same(digests[1])

"""A run on disk: killed anywhere it ends as if it never was; a full disk leaves it whole."""

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from stat import S_ISREG

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from musegen import disk
from musegen.corpus.prepare import Prepared, prepare
from musegen.errors import CorpusError, ModelError, MusegenError, OutputError
from musegen.evaluation.originality import PASSAGES, Passages
from musegen.evaluation.trained import load
from musegen.network.backbones import BACKBONES
from musegen.network.checkpoint import load_tensors
from musegen.network.file_names import RESUME, WEIGHTS
from musegen.training import fit as fit_module
from musegen.training.events import Learnt
from musegen.training.fit import CHECKPOINT
from musegen.training.log import BOARD, COLUMNS, LOG, read_log
from musegen.training.run import Run, RunSettings
from musegen.training.schedule import Extent

StartRun = Callable[..., Run]


def log_rows(folder: Path) -> list[list[str]]:
    """The log without its clock."""
    rows = list(csv.reader((folder / LOG).read_text().splitlines()))
    return [row[:1] + row[2:] for row in rows]


def run_to_the_end(run: Run) -> None:
    for _ in run.events():
        pass
    run.finish()


def same_weights(one: Path, other: Path) -> bool:
    mine, others = load_tensors(one / WEIGHTS)[0], load_tensors(other / WEIGHTS)[0]
    return mine.keys() == others.keys() and all(torch.equal(mine[n], others[n]) for n in mine)


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after each update."""
    monkeypatch.setattr(fit_module, "_CHECKPOINT_SECONDS", -1.0)


@pytest.mark.parametrize("often", [False, True])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_run_killed_three_times_ends_as_one_never_killed(
    start: StartRun,
    prepared: Prepared,
    monkeypatch: pytest.MonkeyPatch,
    backbone: str,
    often: bool,
) -> None:
    if often:
        monkeypatch.setattr(fit_module, "_CHECKPOINT_SECONDS", -1.0)
    whole = start("whole", backbone)
    run_to_the_end(whole)
    run = start("killed", backbone)
    for stop in (0, 5, 11):  # events after which the process is gone
        events = run.events()
        for _ in range(stop):
            next(events)
        torch.manual_seed(99)  # another process has another state
        torch.rand(7)
        run.release()  # as the end of a process does
        run = Run.resume(prepared, run.folder, "cpu")
    run_to_the_end(run)
    assert same_weights(run.folder, whole.folder)
    assert log_rows(run.folder) == log_rows(whole.folder)
    mine, others = run.config["figures"], whole.config["figures"]
    for name in ("steps", "valid_nats", "train_nats", "parameters"):
        assert mine[name] == others[name]


def test_a_run_killed_between_its_end_and_its_figures_can_be_finished(
    start: StartRun, prepared: Prepared
) -> None:
    run = start("run")
    for _ in run.events():
        pass
    run.release()
    again = Run.resume(prepared, run.folder, "cpu")
    assert list(again.events()) == []
    assert again.finish().config["figures"]["steps"] == 20
    with pytest.raises(ModelError, match="no checkpoint"):
        Run.resume(prepared, run.folder, "cpu")


def test_tensorboard_shows_the_log_of_a_run_that_was_broken_off_each_step_once(
    start: StartRun, prepared: Prepared, every_step: None
) -> None:
    run = start("run")
    for event in run.events():
        if event.step > 8:
            break
    run.release()
    run_to_the_end(Run.resume(prepared, run.folder, "cpu"))
    drawn = EventAccumulator(str(run.folder / BOARD)).Reload()
    log = read_log(run.folder)
    for name in COLUMNS[2:]:
        points = [(point.step, point.value) for point in drawn.Scalars(name)]
        assert points == list(zip(log["step"], map(np.float32, log[name]), strict=True))


def test_the_log_names_its_units_and_one_without_goes_on(
    start: StartRun, prepared: Prepared, every_step: None
) -> None:
    run = start("run")
    for event in run.events():
        if event.step > 8:
            break
    log = run.folder / LOG
    head, *rows = log.read_text().splitlines(keepends=True)
    assert head == (
        "step,seconds,words,train_nats_per_voice_and_step,valid_nats_per_voice_and_step,"
        "gradient_norm,skipped_updates\n"
    )
    old = ",".join(COLUMNS) + "\n"
    log.write_text("".join([old, *rows]))
    run.release()
    run_to_the_end(Run.resume(prepared, run.folder, "cpu"))
    assert log.read_text().startswith(old)
    steps = read_log(run.folder)["step"]
    assert (steps, steps[-1]) == (sorted(set(steps)), 20)


def test_a_run_needs_no_tensorboard(start: StartRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    run = start("run")
    run_to_the_end(run)
    assert not (run.folder / BOARD).exists()


def test_a_finished_folder_holds_what_a_model_needs_and_no_more(start: StartRun) -> None:
    run = start("run")
    run_to_the_end(run)
    names = {path.name for path in run.folder.iterdir()}
    assert names == {WEIGHTS, PASSAGES, "config.json", "card.md", "seen.json", LOG, BOARD}
    assert set(Passages.load(run.folder).sources) == {piece.path for piece in run.fit.learnt}
    model = load(run.folder)
    assert sorted(model.seen().values()) == sorted(piece.path for piece in run.fit.learnt)
    log = read_log(run.folder)
    assert list(log) == list(COLUMNS)
    assert log["step"] == sorted(set(log["step"]))
    assert log["skipped"][-1] == 0
    assert model.fingerprint[:16] in (run.folder / "card.md").read_text()
    assert model.config["figures"]["train_nats"] == log["train_nats"][-1]


def test_no_write_that_fails_leaves_a_folder_that_does_not_open_or_resume(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every_step: None
) -> None:
    """The disk is full at the k-th file, for every k until a run ends."""
    whole, count = disk.os.fsync, [0, 0]

    def fsync(file: int) -> None:
        count[0] += S_ISREG(os.fstat(file).st_mode)
        if count[0] == count[1]:
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(file)

    monkeypatch.setattr(disk.os, "fsync", fsync)
    settings = RunSettings("gru", "auto", Extent(steps=3), "cpu", 5)
    failed = 0
    for k in range(1, 60):
        count[:] = [0, k]
        folder = tmp_path / f"run-{k}"
        try:
            run_to_the_end(Run.start(prepared, folder, settings))
            break
        except OutputError as error:
            failed += 1
            assert "No space left" in error.message  # noqa: PT017 - the last run has no error
        count[1] = 0
        assert not list(tmp_path.rglob("*.part")), k
        if folder.exists():
            run_to_the_end(Run.resume(prepared, folder, "cpu"))
            assert load(folder).config["figures"]["steps"] == 3
    assert failed > 10
    assert {path.name for path in tmp_path.iterdir() if "part" in path.name} == set()


def test_a_run_killed_while_its_folder_is_made_leaves_none(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("musegen.training.run.save_config", killed)
    with pytest.raises(KeyboardInterrupt):
        Run.start(prepared, tmp_path / "run", RunSettings(extent=Extent(steps=3), device="cpu"))
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_a_run_that_has_learnt_nothing_yet_says_how_to_go_on(start: StartRun) -> None:
    run = start("run")
    with pytest.raises(ModelError, match="learnt nothing yet") as told:
        load(run.folder)
    assert "--resume" in told.value.hint


def test_a_folder_that_is_there_is_refused_and_untouched(start: StartRun, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="already there") as told:
        start("mine")
    assert "-o" in told.value.hint
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("more", "1 file added (40.mid)"),
        ("less", "1 file removed (0.mid)"),
        ("other", "1 file changed (0.mid)"),
        ("moved", "1 file added (valid/0.mid), 1 file removed (0.mid)"),
        ("many", "5 files changed (0.mid, 1.mid, 2.mid and 2 more)"),
    ],
)
def test_a_run_is_not_resumed_on_other_music_and_tells_what_changed(
    start: StartRun, corpus: Path, make_corpus: Callable[..., Path], change: str, told: str
) -> None:
    run = start("run")
    next(run.events())
    if change == "more":
        make_corpus(corpus, "grid", n=1, first=40)
    elif change == "less":
        (corpus / "0.mid").unlink()
    elif change == "other":
        (corpus / "0.mid").write_bytes((corpus / "1.mid").read_bytes())
    elif change == "many":
        for n in range(5):
            (corpus / f"{n}.mid").write_bytes((corpus / "5.mid").read_bytes())
    else:  # the same music, another split
        (corpus / "valid").mkdir()
        (corpus / "0.mid").rename(corpus / "valid" / "0.mid")
    with pytest.raises(ModelError, match="other music") as raised:
        Run.resume(prepare(corpus), run.folder, "cpu")
    assert str(raised.value).endswith(f"now: {told}")


def test_a_corpus_that_changes_under_a_run_changes_nothing_in_it(
    start: StartRun, corpus: Path, prepared: Prepared
) -> None:
    """What is learnt from is mapped from the cache, not from the files."""
    run_to_the_end(start("whole"))
    run = start("run")
    events = run.events()
    next(events)
    (corpus / "0.mid").unlink()
    (corpus / "1.mid").write_bytes(b"no music any more")
    for _ in events:
        pass
    run.finish()
    assert (run.folder / WEIGHTS).read_bytes() == (run.folder / "../whole" / WEIGHTS).read_bytes()


def test_two_runs_into_one_folder_the_second_is_refused(
    start: StartRun, prepared: Prepared
) -> None:
    run = start("run")
    log = run.folder / LOG
    next(run.events())

    def times() -> dict[Path, int]:
        """But the lock's: a filelock before 3.30 empties it, empty as it is, to ask for it."""
        files = (path for path in run.folder.rglob("*") if path.name != "lock")
        return {path: path.stat().st_mtime_ns for path in files}

    before = times()
    with pytest.raises(OutputError, match="another training is at work") as told:
        Run.resume(prepared, run.folder, "cpu")
    assert "-o" in told.value.hint
    with pytest.raises(OutputError, match="another training is at work"):
        start("run")
    assert before == times()
    assert not log.exists()


def test_what_a_killed_write_left_is_removed_when_the_run_goes_on(
    start: StartRun, prepared: Prepared
) -> None:
    run = start("run")
    left = [run.folder / ".log.csv.123.part", run.folder / RESUME / ".state.safetensors.123.part"]
    for path in left:
        path.write_bytes(b"half")
    run.release()
    Run.resume(prepared, run.folder, "cpu")
    assert not any(path.exists() for path in left)


def test_a_corpus_that_was_moved_is_the_same_music(
    start: StartRun, corpus: Path, tmp_path: Path
) -> None:
    run = start("run")
    next(run.events())
    corpus.rename(tmp_path / "elsewhere")
    run.release()
    Run.resume(prepare(tmp_path / "elsewhere"), run.folder, "cpu")


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        ({"": 1}, "one piece|1 usable piece,.*measure on"),
        ({"valid": 2}, "2 usable pieces,.*learn from"),
    ],
)
def test_a_corpus_with_none_to_learn_from_or_hold_out_is_refused(
    tmp_path: Path, make_corpus: Callable[..., Path], folders: dict[str, int], said: str
) -> None:
    for name, n in folders.items():
        make_corpus(tmp_path / "few" / name, "grid", n)
    settings = RunSettings(extent=Extent(steps=3), device="cpu")
    with pytest.raises(CorpusError, match=said) as told:
        Run.start(prepare(tmp_path / "few"), tmp_path / "run", settings)
    assert "two different pieces" in told.value.hint
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("backbone", ["gru", "transformer"])
def test_a_checkpoint_of_another_network_is_refused(
    start: StartRun, prepared: Prepared, backbone: str
) -> None:
    run, other = start("run", backbone), start("other", "lstm")
    path = Path(RESUME) / CHECKPOINT
    (run.folder / path).write_bytes((other.folder / path).read_bytes())
    with pytest.raises(ModelError, match="does not belong"):
        Run.resume(prepared, run.folder, "cpu")


@pytest.mark.parametrize("name", [f"{RESUME}/{CHECKPOINT}", "config.json", LOG])
@pytest.mark.parametrize("damage", [b"", b"step\nx\n", b"\xff\x00"])
def test_a_run_with_a_damaged_file_is_refused_by_its_name(
    start: StartRun, prepared: Prepared, name: str, damage: bytes
) -> None:
    run = start("run")
    for _, _ in zip(range(3), run.events(), strict=False):
        pass
    (run.folder / name).write_bytes(damage)
    run.release()
    with pytest.raises(MusegenError) as told:
        Run.resume(prepared, run.folder, "cpu")
    assert Path(name).name in str(told.value)


def test_a_run_by_the_clock_ends_by_the_clock(prepared: Prepared, tmp_path: Path) -> None:
    settings = RunSettings("gru", "auto", Extent(seconds=1.0), "cpu")
    run = Run.start(prepared, tmp_path / "run", settings)
    began = time.monotonic()
    run_to_the_end(run)
    assert 0.9 < time.monotonic() - began < 15
    assert run.config["figures"]["steps"] >= 1


TRAIN = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from musegen.corpus.prepare import prepare
from musegen.network.next_word import NetworkSettings
from musegen.training import fit, run
fit._CHECKPOINT_SECONDS = 0.05
run.network_settings = lambda backbone, size, **_: NetworkSettings(backbone, 16, 2, 2, 24, 0.3)
corpus, folder = prepare(Path(sys.argv[1])), Path(sys.argv[2])
settings = run.RunSettings("lstm", "auto", run.Extent(steps=150), "cpu", 5)
resume = folder.exists()
it = run.Run.resume(corpus, folder, "cpu") if resume else run.Run.start(corpus, folder, settings)
for event in it.events():
    print(event.step, flush=True)
it.finish()
"""


@pytest.mark.slow
def test_kill_nine_at_any_moment_changes_nothing(corpus: Path, tmp_path: Path) -> None:
    def train(name: str, kill_at: int | None) -> bool:
        command = [sys.executable, "-c", TRAIN, str(corpus), str(tmp_path / name)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as job:
            assert job.stdout is not None
            for line in job.stdout:
                if kill_at is not None and int(line) >= kill_at:
                    job.send_signal(signal.SIGKILL)
                    break
        return job.returncode == 0

    assert train("whole", None)
    for kill_at in (1, 40, 100):
        assert not train("killed", kill_at)
    assert train("killed", None)
    assert same_weights(tmp_path / "killed", tmp_path / "whole")
    assert log_rows(tmp_path / "killed") == log_rows(tmp_path / "whole")
    config = json.loads((tmp_path / "killed" / "config.json").read_text())
    assert config["figures"]["steps"] == 150


def test_an_update_that_was_skipped_stands_in_the_log(start: StartRun) -> None:
    run = start("run")
    events = run.events()
    weight = next(run.network.parameters())
    hook = weight.register_hook(lambda grad: grad * float("inf"))
    event = next(events)
    assert isinstance(event, Learnt)
    assert event.skipped
    hook.remove()
    for _ in events:
        pass
    assert read_log(run.folder)["skipped"][-1] == 1

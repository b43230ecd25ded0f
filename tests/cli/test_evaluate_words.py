"""What `evaluate` says of models: beside baselines, side by side, averaged, and told something."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from musegen.cli.evaluate import _judge

Musegen = Callable[..., Result]
Ask = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(("nats", "word"), [(2.0, "Warning"), (3.0, "Warning"), (1.9, "Now try")])
def test_a_model_no_better_than_a_baseline_is_told_so(
    nats: float, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    baselines = {"repeat": 2.5, "repeat_bar": None, "ngram": 2.0}
    _judge({"baselines": baselines, "nats_per_unit": nats, "model": "runs/m"}, quiet=False)
    said = capsys.readouterr().err
    assert said.startswith(word if word == "Warning" else "Fewer nats")
    assert ("no better than mere counting (n-gram).\nTraining for longer" in said) == (nats >= 2)


def test_train_tells_of_a_model_that_knows_its_music_no_better_than_counting(
    musegen: Musegen, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ("train", music / "grid", "--steps", 2, "-q", "-o")
    assert "counting" not in musegen(*call, "a").stderr  # so few steps are told in any case
    monkeypatch.setattr("musegen.cli.train._FEW_STEPS", 2)
    assert "no better than mere counting" in musegen(*call, "b").stderr
    monkeypatch.setattr("musegen.evaluation.baselines.NGram.nats", lambda *_: 1e9)
    assert "counting" not in musegen(*call, "c").stderr


def test_models_of_one_unit_stand_side_by_side_and_their_mean_beside_them(
    ask: Ask, musegen: Musegen, music: Path, here: Path
) -> None:
    other = ("train", music / "grid", "-o", "other", "--steps", 3, "--random-seed", 5, "-q")
    assert musegen(*other).exit_code == 0
    both = ("-m", music / "grid-model", "-m", "other")
    found = ask("evaluate", music / "grid", *both, "--average")
    assert [figures["model"] for figures in found["models"]] == [str(both[1]), "other"]
    plain = ask("evaluate", music / "grid", "-m", "other")
    assert found["models"][1] == plain
    assert found["average"]["models"] == [str(both[1]), "other"]
    assert len(found["average"]["transpositions"]) == 12
    worst = max(figures["nats_per_unit"] for figures in found["models"])
    assert found["average"]["nats_per_unit"] < worst + 0.1
    shown = musegen("evaluate", music / "grid", *both, "--average").stdout
    assert "mean of 2 models, 12 keys" in shown


@pytest.mark.parametrize("kind", ["grid", "abc", "notes"])
def test_what_was_measured_fits_a_terminal_of_80_columns(
    musegen: Musegen, music: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    measured = musegen("evaluate", music / kind, "-m", music / f"{kind}-model")
    shown = measured.stdout
    assert "\n\nwhat was measured" in shown  # tables stand apart
    said = [line for line in measured.stderr.splitlines() if str(music) not in line]
    assert [line for line in said if len(line) > 80] == []
    last = shown[shown.index("what was measured") :].splitlines()
    assert len(last) == 6
    assert max(map(len, last)) <= 80


def test_what_counts_by_other_units_is_not_set_side_by_side(musegen: Musegen, music: Path) -> None:
    models = ("-m", music / "grid-model", "-m", music / "notes-model")
    refused = musegen("evaluate", music / "grid", *models)
    assert refused.exit_code == 1
    assert "cannot be compared" in refused.stderr
    assert "Traceback" not in refused.output


def test_of_a_file_all_is_measured_and_of_a_book_that_was_learnt_what_was_held_out(
    ask: Ask, musegen: Musegen, music: Path, here: Path, make_corpus: Callable[..., Path]
) -> None:
    model = ("-m", music / "abc-model")
    alone = ask("evaluate", music / "abc" / "0.abc", *model)
    assert (alone["split"], alone["pieces"]) == ("all", 1)
    refused = musegen("evaluate", music / "abc" / "0.abc", *model, "--split", "valid")
    assert "has no held-out (valid) pieces" in refused.stderr
    for tunes, found in (
        (music / "abc", ("valid", 1)),
        (make_corpus(here / "new", "abc", 6, first=40), ("all", 6)),
    ):
        texts = enumerate((tune.read_text() for tune in sorted(tunes.glob("*.abc"))), start=1)
        book = "\n\n".join(text.replace("X:1", f"X:{number}") for number, text in texts)
        (here / "book.abc").write_text(book)
        measured = ask("evaluate", "book.abc", *model)
        assert (measured["split"], measured["pieces"]) == found


def test_a_model_that_can_be_told_nothing_says_so(musegen: Musegen, music: Path) -> None:
    musegen("train", music / "grid", "-o", "untold", "--steps", 2, "--tell", "none")
    refused = musegen("evaluate", music / "grid", "-m", "untold", "--told")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "can be told nothing" in refused.stderr

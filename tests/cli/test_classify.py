"""Styles from the command line: learnt from folders, asked for by name, told of files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from musegen.score.files import write

Musegen = Callable[..., Result]
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def styles(
    tmp_path_factory: pytest.TempPathFactory, musegen: Musegen, make_corpus: Callable[..., Path]
) -> Path:
    """A folder with `music/{train,valid}/{jig,reel}`, and a `model` of it."""
    folder = tmp_path_factory.mktemp("styles")
    for first, name in ((0, "jig"), (10, "reel")):
        make_corpus(folder / "music" / "train" / name, "abc", 3, first=first)
        make_corpus(folder / "music" / "valid" / name, "abc", 2, first=first + 5)
    made = musegen("train", folder / "music", "-o", folder / "model", "--steps", 4)
    assert made.exit_code == 0, made.output
    assert "jig, reel" in made.stderr
    return folder


def test_files_and_folders_are_told_one_by_one(
    ask: Ask, styles: Path, tmp_path: Path, make_score: Callable[..., Any]
) -> None:
    write(make_score("abc", 40), tmp_path / "mine.abc")
    write(make_score("abc", 40), tmp_path / "twin.abc")
    twin = styles / "music" / "train" / "jig" / "1.abc"
    found = ask("classify", tmp_path, twin, "-m", styles / "model")
    assert set(found) == {"model", "files", "failed"}
    mine = [str(tmp_path / "mine.abc"), str(tmp_path / "twin.abc")]
    assert [file["path"] for file in found["files"]] == [*mine, str(twin)]
    assert [file["seen_in_training"] for file in found["files"]] == [False, False, True]
    assert found["files"][0]["probabilities"] == found["files"][1]["probabilities"]
    for file in found["files"]:
        assert set(file["probabilities"]) == {"jig", "reel"}
        assert sum(file["probabilities"].values()) == pytest.approx(1)
        assert file["style"] == max(file["probabilities"], key=file["probabilities"].__getitem__)


def test_a_bad_file_among_good_ones_is_named_and_the_good_are_told(
    musegen: Musegen, styles: Path, tmp_path: Path, make_score: Callable[..., Any]
) -> None:
    write(make_score("abc", 40), tmp_path / "good.abc")
    (tmp_path / "text.mid").write_text("no music")
    good, bad, gone = (tmp_path / name for name in ("good.abc", "text.mid", "gone.abc"))
    told = musegen("classify", good, bad, gone, "-m", styles / "model")
    assert told.exit_code == 1
    assert "jig" in told.stdout  # beside its path, however long that is
    assert "reel" in told.stdout
    assert f"{bad}: no piece can be used (" in told.stderr
    assert f"{gone}: there is no such file" in told.stderr
    found = json.loads(musegen("classify", good, bad, "-m", styles / "model", "--json").stdout)
    assert [file["path"] for file in found["files"]] == [str(good)]
    assert [file["path"] for file in found["failed"]] == [str(bad)]
    alone = musegen("classify", bad, "-m", styles / "model")
    assert (alone.exit_code, alone.stdout) == (1, "")
    assert f"Error: {bad}: no piece can be used (" in alone.stderr


def test_what_was_learnt_from_is_told(musegen: Musegen, styles: Path) -> None:
    folder, model = styles / "music" / "train" / "jig", ("-m", styles / "model")
    one = musegen("classify", folder / "1.abc", *model).stderr
    assert "Warning: the model learnt from the piece, or from twins" in one
    many = musegen("classify", folder / "1.abc", folder / "2.abc", *model).stderr
    assert "Warning: the model learnt from 2 of the 2 pieces, or from twins" in many


def test_a_folder_of_the_same_styles_is_measured_by_what_was_held_out(
    ask: Ask, musegen: Musegen, styles: Path
) -> None:
    found = ask("classify", styles / "music", "-m", styles / "model")
    assert {"pieces", "accuracy", "interval", "confusion", "baselines"} < set(found)
    assert found["pieces"] == len(found["files"]) == 4
    assert sum(sum(row.values()) for row in found["confusion"].values()) == 4
    assert found["baselines"]["majority"] == 0.5
    shown = musegen("classify", styles / "music", "-m", styles / "model")
    assert "6 pieces left out" in shown.stderr
    for said in ("is, taken for", "always the commonest style", "an n-gram of each style"):
        assert said in shown.stdout


def test_a_tune_of_a_book_is_told_alone(
    ask: Ask, musegen: Musegen, styles: Path, tmp_path: Path, make_score: Callable[..., Any]
) -> None:
    book = tmp_path / "book.abc"
    tunes = [make_score("abc", number) for number in (41, 42)]
    texts = []
    for number, tune in enumerate(tunes, start=1):
        write(tune, tmp_path / "one.abc", force=True)
        texts.append((tmp_path / "one.abc").read_text().replace("X:1", f"X:{number}"))
    book.write_text("\n\n".join(texts))
    (tmp_path / "one.abc").unlink()
    found = ask("classify", f"{book}:2", "-m", styles / "model")
    assert [file["path"] for file in found["files"]] == [f"{book}:2"]
    assert len(ask("classify", book, "-m", styles / "model")["files"]) == 2
    write(tunes[0], tmp_path / "one.abc")
    assert len(ask("classify", tmp_path / "one.abc:1", "-m", styles / "model")["files"]) == 1
    refused = musegen("classify", f"{book}:7", "-m", styles / "model")
    assert refused.exit_code == 2
    assert "no tune 7" in refused.stderr


def test_a_style_is_composed_by_name_and_others_are_named(
    musegen: Musegen, styles: Path, music: Path, here: Path
) -> None:
    asked = ("generate", "--model", styles / "model", "--bars", 1, "--style")
    made = musegen(*asked, "reel")
    assert made.exit_code == 0, made.output
    assert b'"style": "reel"' in (here / "composed-1.mid").read_bytes()
    unknown = musegen(*asked, "polka")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert "It knows jig, reel." in unknown.stderr
    never = musegen("generate", "--model", music / "grid-model", "--style", "reel")
    assert never.exit_code == 1
    assert "sub-folder for each style: musegen train FOLDER" in never.stderr
    refused = musegen("classify", styles / "music", "-m", music / "grid-model")
    assert refused.exit_code == 1
    assert "never told a style" in refused.stderr


def test_a_card_lists_styles(musegen: Musegen, ask: Ask, styles: Path, music: Path) -> None:
    assert "jig (3), reel (3)" in musegen("models", "show", styles / "model").stdout
    assert ask("models", "show", styles / "model")["conditions"]["styles"] == ["jig", "reel"]
    assert "styles" not in musegen("models", "show", music / "grid-model").stdout


def test_what_is_told_in_training_can_be_chosen(ask: Ask, musegen: Musegen, styles: Path) -> None:
    ask("train", styles / "music", "-o", "m", "--steps", 2, "--tell", "density,bars")
    conditions = ask("models", "show", "m")["conditions"]
    assert (conditions["styles"], conditions["bars"]) == ([], True)
    made = ask("generate", "-m", "m", "--bars", 2, "--density", "high", "--finish")
    assert made["files"][0]["bars"] == 2
    assert musegen("train", styles / "music", "-o", "n", "--tell", "mood").exit_code == 2

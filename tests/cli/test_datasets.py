"""`musegen datasets`: what is to come is told first, and a named data set is trained on at once."""

import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import Result

from musegen.corpus.datasets_recipe import catalogue

Musegen = Callable[..., Result]
Ask = Callable[..., dict[str, Any]]
Offer = Callable[..., None]

CARD = ["Source", "Licence of the music", "Licence of the encoding", "Size", "Split"]
SHIP = ("Models trained on it may be given to others", "Models trained on it are for yourself")


@pytest.fixture
def chorales(offer: Offer) -> None:
    """The chorales at sixteenths, eight of them, from loopback."""
    pieces = [[[70 + n, 67, 64, 48 + step // 8 % 5] for step in range(64 + n)] for n in range(8)]
    book = {"train": pieces[:6], "valid": pieces[6:7], "test": pieces[7:]}
    offer("jsb-chorales", {"Jsb16thSeparated.json": json.dumps(book).encode()}, known=False)


def test_a_card_says_all_of_a_data_set(musegen: Musegen, ask: Ask) -> None:
    listed = ask("datasets", "list")["datasets"]
    for about in listed:
        card = musegen("datasets", "show", about["name"]).stdout
        assert [line for line in CARD if f"{line}: " not in card] == []
        assert any(words in card for words in SHIP)
        assert ask("datasets", "show", about["name"]) == about
        for download in about["downloads"]:
            assert download["url"] in card
            assert (download["sha256"] or "no checksum known") in card
            assert (f"{download['bytes']:,}" if download["bytes"] else "not stated") in card
    table = musegen("datasets", "list").stdout
    assert all(about["name"] in table for about in listed)


@pytest.mark.usefixtures("chorales")
def test_licence_size_and_checksum_are_told_before_anything_is_fetched(
    musegen: Musegen, loopback: Any
) -> None:
    got = musegen("datasets", "get", "jsb-chorales")
    assert got.exit_code == 0, got.output
    told = got.stderr.index("Licence of the encoding: none stated")
    assert told < got.stderr.index("no checksum known") < got.stderr.index("SHA-256")
    assert got.stdout == ""
    assert len(list(Path("jsb-chorales").rglob("*.mid"))) == 8
    again = musegen("datasets", "get", "jsb-chorales")
    assert "Licence" not in again.stderr
    assert len(loopback.asked) == 1
    assert musegen("datasets", "get", "jsb-chorales", "-q", "-o", "other").stderr == ""


@pytest.mark.usefixtures("chorales")
def test_a_person_at_a_terminal_is_asked(
    musegen: Musegen, loopback: Any, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("musegen.cli.datasets.sys", terminal)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    declined = musegen("datasets", "get", "jsb-chorales")
    assert declined.exit_code == 1
    assert "Nothing was downloaded" in declined.stderr
    assert not loopback.asked
    assert not Path("jsb-chorales").exists()
    got = ask("datasets", "get", "jsb-chorales", "-o", "a")
    assert got == {"dataset": "jsb-chorales", "folder": "a", "complete": True}
    assert musegen("datasets", "get", "jsb-chorales", "--yes", "-o", "b").exit_code == 0


def test_the_list_fits_a_terminal_of_80_columns_and_breaks_no_word(
    musegen: Musegen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listed = musegen("datasets", "list").stdout
    assert max(map(len, listed.splitlines())) <= 80
    told = {word for recipe in catalogue() for value in astuple(recipe) for word in words(value)}
    heads = {"data", "set", "what", "size", "to", "fetch", "licence", "nothing", "unknown", "MB"}
    sizes = {f"{sum(d.bytes or 0 for d in recipe.downloads) / 1e6:.1f}" for recipe in catalogue()}
    assert words(listed) - told - heads - sizes == set()


def test_names_to_type_stay_whole_in_a_narrow_terminal(
    musegen: Musegen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    listed = musegen("datasets", "list").stdout
    assert max(map(len, listed.splitlines())) <= 60
    assert {recipe.name for recipe in catalogue()} <= {
        line.split(" ")[0] for line in listed.split("\n")
    }


def words(text: object) -> set[str]:
    return {word.strip(",:;()") for word in str(text).split()}


def test_a_folder_of_other_things_is_refused_before_anyone_is_asked(
    musegen: Musegen, offer: Offer, loopback: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer("nottingham", {"ABC_cleaned/1.abc": b"X:1\n"})
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("musegen.cli.datasets.sys", terminal)
    Path("pre").mkdir()
    Path("pre/notes.txt").write_text("mine")
    refused = musegen("datasets", "get", "nottingham", "-o", "pre")
    assert refused.exit_code == 1
    assert refused.stderr.count("\n") == 1
    assert "-o" in refused.stderr
    assert [path.name for path in Path("pre").iterdir()] == ["notes.txt"]
    assert not loopback.asked


def test_of_a_copy_that_lacks_files_it_is_said_what_is_there_and_how_to_go_on(
    musegen: Musegen, offer: Offer, ask: Ask
) -> None:
    tunes = {f"ABC_cleaned/{n}.abc": f"X:1\nT:{n}\nK:C\nCDEF|]\n".encode() for n in range(3)}
    offer("nottingham", tunes)
    Path("copy").mkdir()
    Path("copy/1.abc").write_bytes(tunes["ABC_cleaned/1.abc"])
    got = musegen("datasets", "get", "nottingham", "--source", "copy", "-o", "made")
    assert got.exit_code == 0, got.output
    assert "1 of 3 files were in the copy." in got.stderr
    assert "made does not hold all of" in got.stderr
    assert "is in made" not in got.stderr
    assert ask("datasets", "get", "nottingham", "--source", "copy", "-o", "b")["complete"] is False
    assert got.stderr.strip().endswith("musegen datasets get nottingham -o made")
    assert "is in made" in musegen("datasets", "get", "nottingham", "-o", "made").stderr


def test_help_says_that_a_script_is_not_asked(musegen: Musegen) -> None:
    told = " ".join(musegen("datasets", "get", "--help").stdout.replace("│", " ").split())
    assert "where no terminal is there to ask at, nothing is asked either" in told


@pytest.mark.usefixtures("chorales")
def test_a_named_data_set_is_fetched_once_and_trained_on(
    musegen: Musegen, ask: Ask, loopback: Any
) -> None:
    trained = musegen("train", "jsb-chorales", "--steps", 2)
    assert trained.exit_code == 0, trained.output
    assert "The data set jsb-chorales is in" in trained.stderr
    assert Path("runs/jsb-chorales/model.safetensors").is_file()
    loopback.stop()
    found = ask("doctor", "jsb-chorales")
    assert found["kept"] == 8
    assert len(loopback.asked) == 1


@pytest.mark.usefixtures("chorales")
def test_a_data_set_that_was_got_into_a_folder_is_not_made_again_for_its_name(
    musegen: Musegen, loopback: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert musegen("datasets", "get", "jsb-chorales", "-o", "mine").exit_code == 0
    loopback.stop()
    monkeypatch.setenv("MUSEGEN_CACHE", str(here / "cache"))
    found = musegen("doctor", "jsb-chorales")
    assert f"The data set jsb-chorales is in {here / 'mine'}." in found.stderr
    assert not (here / "cache" / "datasets").exists()
    (here / "mine" / "jsb-chorales.json").unlink()  # it is whole no more
    assert musegen("doctor", "jsb-chorales").exit_code == 1


@pytest.mark.parametrize(("name", "near"), [("zzz", ""), ("stringquartets", "string-quartets")])
def test_a_name_of_no_data_set_is_answered_with_the_one_meant_or_the_list_of_all(
    musegen: Musegen, name: str, near: str
) -> None:
    told = musegen("datasets", "show", name)
    assert told.exit_code == 2
    assert "musegen datasets list" in told.stderr
    assert [r.name for r in catalogue() if r.name in told.stderr] == [near] * bool(near)


@pytest.mark.usefixtures("chorales")
def test_a_copy_is_taken_from_where_it_lies(
    musegen: Musegen, loopback: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.json").write_bytes(loopback.files.pop("Jsb16thSeparated.json"))
    assert musegen("datasets", "get", "jsb-chorales").exit_code == 1
    got = musegen("datasets", "get", "jsb-chorales", "--source", "mine.json")
    assert got.exit_code == 0, got.output
    assert "Licence" not in got.stderr
    monkeypatch.setenv("MUSEGEN_DATASETS_GET_SOURCE", "nowhere.json")
    assert musegen("datasets", "get", "jsb-chorales", "-o", "b").exit_code == 2


@pytest.mark.usefixtures("chorales")
def test_what_cannot_be_fetched_is_one_sentence_with_address_and_way_out(
    musegen: Musegen, loopback: Any
) -> None:
    loopback.files.clear()
    failed = musegen("datasets", "get", "jsb-chorales", "-q")
    assert failed.exit_code == 1
    assert failed.stderr.count("\n") == 1
    assert f"http://127.0.0.1:{loopback.server_port}/Jsb16thSeparated.json" in failed.stderr
    assert "404" in failed.stderr
    assert "musegen datasets get` a copy of Jsb16thSeparated.json with --source" in failed.stderr

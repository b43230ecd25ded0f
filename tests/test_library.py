"""musegen as a library: six names, imported when they are used."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import musegen
from musegen.errors import MusegenError, NotFound, UsageError
from musegen.evaluation.trained import Trained
from musegen.network.next_word import NetworkSettings
from musegen.score.score import Score
from musegen.training import run as training

MakeCorpus = Callable[..., Path]
NOTEBOOK = Path(__file__).parents[1] / "docs" / "from-a-folder-to-a-piece.ipynb"


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    def shape(backbone: str, size: str, **_: object) -> NetworkSettings:
        return NetworkSettings(backbone, width=16, depth=1, heads=2, context=24, dropout=0.1)

    torch.set_num_threads(1)
    monkeypatch.setattr(training, "network_settings", shape)


@pytest.fixture
def model(tmp_path: Path, make_corpus: MakeCorpus) -> Trained:
    """Of six bands, in the folder `model` beside them, `bands`."""
    corpus = make_corpus(tmp_path / "bands", "notes")
    return musegen.train(corpus, tmp_path / "model", steps=2, device="cpu")


def test_importing_it_imports_nothing_heavy() -> None:
    script = """
import sys, musegen
print({"numpy", "torch", "music21"} & set(sys.modules), sorted(musegen.__all__))
assert set(musegen.__all__) <= set(dir(musegen))
musegen.read, musegen.load
print({"torch"} & set(sys.modules))
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = ["evaluate", "generate", "load", "read", "train", "write"]
    assert done.stdout == f"set() {names}\nset()\n"
    with pytest.raises(AttributeError):
        musegen.compose  # noqa: B018 - asking is the test


def test_from_a_folder_to_a_piece(tmp_path: Path, model: Trained) -> None:
    told: list[object] = []
    again = musegen.train(
        tmp_path / "bands", tmp_path / "b", steps=2, device="cpu", progress=told.append
    )
    assert again.fingerprint == model.fingerprint == musegen.load(tmp_path / "model").fingerprint
    assert told
    figures = musegen.evaluate(model, tmp_path / "bands")
    assert figures["nats_per_unit"] == pytest.approx(model.config["figures"]["valid_nats"])
    seed = musegen.read(tmp_path / "bands" / "0.mid")
    pieces = musegen.generate(model, seed, n=2, bars=2, key="G", continue_from=3)
    assert [piece.score.n_bars for piece in pieces] == [4, 4]
    assert pieces[0].rank.score >= pieces[1].rank.score
    by_name = musegen.generate(
        model, tmp_path / "bands" / "0.mid", n=2, bars=2, key="G", continue_from=3
    )
    assert by_name[0].score == pieces[0].score
    musegen.write(pieces[0].score, tmp_path / "a.mid")
    assert musegen.read(tmp_path / "a.mid").n_notes == pieces[0].score.n_notes
    assert musegen.generate(model, bars=2)[0].score.n_bars >= 2


def test_what_is_asked_wrongly_is_an_error_of_musegen(tmp_path: Path, model: Trained) -> None:
    with pytest.raises(UsageError, match="no option is called bras"):
        musegen.generate(model, bras=3)
    with pytest.raises(NotFound):
        musegen.load("nothing")
    with pytest.raises(MusegenError, match="already there"):
        musegen.train(tmp_path / "bands", tmp_path / "model", steps=1)
    trained_on = musegen.train(
        tmp_path / "bands", tmp_path / "on", steps=1, begin_with=model, device="cpu"
    )
    assert trained_on.config["training"]["from"]["fingerprint"] == model.fingerprint


def test_the_notebook_goes_from_a_folder_to_a_piece(
    tmp_path: Path, make_score: Callable[..., Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first cell names a data set and a time; here it is a few tunes and a second."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert "corpus =" in code[0]
    assert "budget =" in code[0]
    monkeypatch.chdir(tmp_path)
    for number in range(12):
        musegen.write(make_score("abc", number, bars=8), f"tunes/{number}.abc")
    names = {"corpus": Path("tunes"), "budget": "1s"}
    for source in code[1:]:
        exec(source, names)  # noqa: S102 - our own
    piece = musegen.read("piece.mid")
    assert piece.n_bars >= 8
    assert Path("piece.wav").stat().st_size > 44_100
    assert Path("piece.svg").read_text().startswith("<svg")
    assert len(NOTEBOOK.read_bytes()) < 20_000

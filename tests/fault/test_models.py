"""A model folder from anybody opens, or is refused in a sentence; it cannot ask for more."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from musegen.errors import ModelError
from musegen.evaluation.originality import PASSAGES
from musegen.evaluation.trained import SEEN, load
from musegen.network.config import load_config, save_config
from musegen.network.file_names import CONFIG, WEIGHTS
from musegen.training.log import LOG, read_log
from tests.fault.fuzz_models import fuzz, make_model, open_all


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_model(tmp_path / "model", "grid", "gru")


def test_damaged_folders_open_or_are_refused(tmp_path: Path) -> None:
    found = fuzz(tmp_path, 150, random_seed=random.randrange(2**32))
    assert found.total() == 150
    assert found["refused"] > 50


def test_a_whole_folder_opens(folder: Path) -> None:
    open_all(folder)


@pytest.mark.parametrize(
    ("section", "asked"),
    [
        ("network", {"width": 10**9}),
        ("network", {"width": 2**16, "heads": 2}),
        ("network", {"depth": 10**6}),
        ("network", {"depth": 3000}),
        ("network", {"width": 10**30}),
        ("network", {"context": 10**18}),
        ("network", {"dropout": float("nan")}),
        ("network", {"depth": True}),
        ("vocabulary", {"steps": 10**9}),
        ("vocabulary", {"steps": 0}),
        ("vocabulary", {"voices": [["v", 0]] * 100_000}),
        ("vocabulary", {"metres": [[4, 4]] * 100_000}),
        ("vocabulary", {"metres": [[0, 0]]}),
        ("vocabulary", {"ranges": [["low", "high"]] * 3}),
    ],
)
def test_settings_that_ask_for_more_than_the_weights_are_refused_before_it_is_taken(
    folder: Path, section: str, asked: dict[str, Any]
) -> None:
    config = load_config(folder)
    save_config(folder, {**config, section: {**config[section], **asked}})
    with pytest.raises(ModelError, match=r"config\.json"):
        load(folder)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, SEEN, LOG, PASSAGES])
@pytest.mark.parametrize("leads", ["/etc/hosts", "/dev/zero", "../outside"])
def test_a_link_out_of_the_folder_is_refused(folder: Path, name: str, leads: str) -> None:
    (folder / name).rename(folder.parent / "outside")
    (folder / name).symlink_to(leads)
    with pytest.raises(ModelError, match=name):
        open_all(folder)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a": ' + "9" * 10_000 + "}",
        '{"a": "x", "a": "y"}',
        '{"a": NaN}',
        '{"a": ["x"]}',
        " " * 2**27 + "{}",
    ],
)
def test_what_was_learnt_from_is_names_alone(folder: Path, text: str) -> None:
    (folder / SEEN).write_text(text)
    with pytest.raises(ModelError, match=SEEN):
        load(folder).seen()


@pytest.mark.parametrize("text", ["", "\0", "step\n" + "9" * 200_000, "a,b\n" * 5_000_000])
def test_a_log_of_any_size_or_nonsense_is_damage(folder: Path, text: str) -> None:
    (folder / LOG).write_text(text)
    with pytest.raises(ModelError, match=LOG):
        read_log(folder)


def test_weights_that_are_no_numbers_are_refused(folder: Path) -> None:
    from musegen.network.checkpoint import load_tensors, save_tensors

    tensors, about = load_tensors(folder / WEIGHTS)
    name = next(iter(tensors))
    save_tensors(folder / WEIGHTS, {**tensors, name: tensors[name] * float("nan")}, about)
    with pytest.raises(ModelError, match="not all that it holds is a number"):
        load(folder)


def test_a_card_writes_no_control_characters_to_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from musegen.cli.models import show

    config = load_config(folder)
    config["training"] |= {"corpus": "\x1b]0;mine\x07", "torch": "2", "fit": {"random_seed": 0}}
    figures = {"parameters": 1, "train_pieces": 1, "seconds": 1.0, "valid_pieces": 1}
    save_config(folder, {**config, "figures": config["figures"] | figures})
    show(str(folder))
    said = capsys.readouterr().out
    assert "mine" in said
    assert "\x1b" not in said
    save_config(folder, {**config, "figures": {"valid_nats": "many"}})
    with pytest.raises(ModelError, match="damaged"):
        show(str(folder))


def test_what_a_json_file_holds_besides_is_no_matter(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    config.pop("checksum")
    save_config(folder, {**config, "more": {"x": 1}})
    open_all(folder)

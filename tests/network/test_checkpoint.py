"""A model folder opens as it was, or says which file is damaged; there is no third way."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from musegen.errors import ModelError, NotFound, OutputError
from musegen.evaluation.described import described
from musegen.evaluation.trained import SEEN, Trained, load, network_for
from musegen.network import checkpoint, config
from musegen.network.backbones import BACKBONES
from musegen.network.checkpoint import device_of, fingerprint, load_tensors, save_tensors
from musegen.network.config import FORMAT, load_config, save_config
from musegen.network.file_names import CONFIG, WEIGHTS
from musegen.network.next_word import NetworkSettings
from musegen.vocabulary.choose import build

MAY_SHARE_A_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def make_folder(folder: Path, make_score: Callable[..., object], backbone: str = "gru") -> Trained:
    vocabulary = build([make_score("grid", n) for n in range(3)], "grid")
    shape = NetworkSettings(backbone, width=8, depth=1, heads=2, context=8)
    network = network_for(vocabulary, shape)
    save_tensors(folder / WEIGHTS, dict(network.named_parameters()), {"step": 3})
    save_config(
        folder,
        {"musegen": "0", "network": vars(shape), "vocabulary": vocabulary.to_dict(), "figures": {}},
    )
    (folder / SEEN).write_text("{}")
    return load(folder)


@pytest.fixture
def model(tmp_path: Path, make_score: Callable[..., object]) -> Trained:
    torch.manual_seed(0)
    return make_folder(tmp_path / "model", make_score)


def test_weights_may_have_16_bits(model: Trained) -> None:
    tensors, about = load_tensors(model.folder / WEIGHTS)
    save_tensors(model.folder / WEIGHTS, {n: t.half() for n, t in tensors.items()}, about)
    again = load(model.folder)
    for name, weights in again.network.named_parameters():
        assert weights.dtype == torch.float32
        torch.testing.assert_close(weights.data, tensors[name], atol=1e-3, rtol=1e-3)
    save_tensors(model.folder / WEIGHTS, {n: t.double() for n, t in tensors.items()}, about)
    with pytest.raises(ModelError, match="does not belong"):
        load(model.folder)


def same(one: Trained, other: Trained) -> bool:
    mine, others = one.network.state_dict(), other.network.state_dict()
    return (
        one.config == other.config
        and one.vocabulary == other.vocabulary
        and one.fingerprint == other.fingerprint
        and all(torch.equal(mine[name], others[name]) for name in mine)
    )


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_model_opens_as_it_was_saved(
    tmp_path: Path, make_score: Callable[..., object], backbone: str
) -> None:
    torch.manual_seed(3)
    model = make_folder(tmp_path, make_score, backbone)
    tensors, about = load_tensors(tmp_path / WEIGHTS)
    assert about == {"step": 3}
    assert fingerprint(tensors) == model.fingerprint
    assert same(load(tmp_path), model)
    assert described(tmp_path).vocabulary == model.vocabulary


@given(at=st.floats(0, 1), bits=st.integers(1, 255), name=st.sampled_from([WEIGHTS, CONFIG]))
@MAY_SHARE_A_FOLDER
def test_no_byte_can_change_unnoticed(model: Trained, at: float, bits: int, name: str) -> None:
    path = model.folder / name
    whole = path.read_bytes()
    data = bytearray(whole)
    data[int(at * (len(data) - 1))] ^= bits
    opens_the_same_or_is_refused(model, path, bytes(data), whole)


@given(share=st.floats(0, 1), tail=st.binary(max_size=40), name=st.sampled_from([WEIGHTS, CONFIG]))
@MAY_SHARE_A_FOLDER
def test_no_file_can_be_cut_or_lengthened_unnoticed(
    model: Trained, share: float, tail: bytes, name: str
) -> None:
    path = model.folder / name
    whole = path.read_bytes()
    opens_the_same_or_is_refused(model, path, whole[: int(share * len(whole))] + tail, whole)


@given(data=st.binary(max_size=200), name=st.sampled_from([WEIGHTS, CONFIG]))
@MAY_SHARE_A_FOLDER
def test_a_file_of_any_bytes_is_refused(model: Trained, data: bytes, name: str) -> None:
    path = model.folder / name
    opens_the_same_or_is_refused(model, path, data, path.read_bytes())


def opens_the_same_or_is_refused(model: Trained, path: Path, data: bytes, whole: bytes) -> None:
    path.write_bytes(data)
    try:
        assert same(load(model.folder), model)
    except ModelError as error:
        told = f"{error} {error.hint}"
        assert path.name in told or str(model.folder) in told
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG, SEEN])
def test_a_missing_file_is_named(model: Trained, name: str) -> None:
    (model.folder / name).unlink()
    with pytest.raises(ModelError) as told:
        load(model.folder).seen()
    assert name in str(told.value)


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "3", '"config"', "{}", "null", "[[1, 2]]"])
def test_settings_of_another_shape_are_damage(model: Trained, text: str) -> None:
    (model.folder / CONFIG).write_text(text)
    with pytest.raises(ModelError, match=CONFIG):
        load(model.folder)


@pytest.mark.parametrize("text", ["[1]", '"a"', "{", "3"])
def test_a_damaged_list_of_what_was_learnt_from_is_named(model: Trained, text: str) -> None:
    (model.folder / SEEN).write_text(text)
    with pytest.raises(ModelError, match=SEEN):
        load(model.folder).seen()


def test_another_version_is_told_with_a_way_out(model: Trained) -> None:
    path = model.folder / CONFIG
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "format": FORMAT + 1}))
    with pytest.raises(ModelError, match=f"format {FORMAT + 1}.*format {FORMAT}") as told:
        load(model.folder)
    assert "train it again" in told.value.hint


@pytest.mark.parametrize(
    "wrong",
    [
        {"network": {"backbone": "lstm", "width": 0}},
        {"network": {"backbone": "mystery"}},
        {"network": {"depth": "two"}},
        {"network": {"colour": "red"}},
        {"vocabulary": {"name": "tablature"}},
        {"vocabulary": "grid"},
        {"vocabulary": {"name": "notes", "steps": "x"}},
    ],
)
def test_settings_that_cannot_be_are_refused(model: Trained, wrong: dict[str, object]) -> None:
    save_config(model.folder, {**model.config, **wrong})
    with pytest.raises(ModelError, match=CONFIG):
        load(model.folder)


def test_weights_of_another_network_are_told_apart(
    model: Trained, tmp_path: Path, make_score: Callable[..., object]
) -> None:
    other = make_folder(tmp_path / "other", make_score, "transformer")
    (model.folder / WEIGHTS).write_bytes((other.folder / WEIGHTS).read_bytes())
    with pytest.raises(ModelError, match="does not belong to"):
        load(model.folder)


def test_tensors_from_elsewhere_are_refused(model: Trained) -> None:
    (model.folder / WEIGHTS).write_bytes(save(dict(model.network.named_parameters())))
    with pytest.raises(ModelError, match="is damaged"):
        load(model.folder)


@pytest.mark.parametrize("dtype", [torch.int32, torch.uint8])
def test_the_fingerprint_tells_types_and_shapes_apart(dtype: torch.dtype) -> None:
    numbers = torch.arange(6.0)
    prints = {
        fingerprint({"w": numbers}),
        fingerprint({"w": numbers.reshape(2, 3)}),
        fingerprint({"w": numbers.reshape(3, 2)}),
        fingerprint({"w": numbers.view(dtype)}),
        fingerprint({"v": numbers}),
    }
    assert len(prints) == 5


def test_a_full_disk_leaves_the_model_that_was_there(
    model: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutputError("cannot be written: No space left on device")

    for module in (checkpoint, config):
        monkeypatch.setattr(module, "write_whole", full)
    with pytest.raises(OutputError):
        save_config(model.folder, {})
    with pytest.raises(OutputError):
        save_tensors(model.folder / WEIGHTS, {"w": torch.zeros(3)}, {})
    assert same(load(model.folder), model)


def test_what_is_no_model_is_told_from_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such model"):
        load_config(tmp_path / "none")
    with pytest.raises(ModelError, match=r"has no config\.json"):
        load_config(tmp_path)


def test_loaded_tensors_do_not_hold_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    save_tensors(path, {"w": torch.ones(1000)}, {})
    tensors, _ = load_tensors(path)
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
    assert np.array_equal(tensors["w"].numpy(), np.ones(1000))


def test_a_device_that_is_not_here_is_refused() -> None:
    assert device_of("cpu").type == "cpu"
    if not torch.cuda.is_available():
        assert device_of("auto").type == "cpu"
        with pytest.raises(ModelError, match="no cuda device"):
            device_of("cuda")

"""Model folders that are damaged, or made to do harm, open or are refused in a sentence: a trial.

    python -m tests.fault.fuzz_models --number 10000

Each time one file of a tiny model is damaged: bytes are flipped, cut or put in, or values of its
JSON are replaced by others of other types and sizes, with the checksums made right again, as one
would who means harm. Then all of the folder is read. Counted are the folders that opened and those
refused; anything else, one that takes long or much memory included, ends the trial.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import struct
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load as load_bytes
from safetensors.torch import save

from musegen.errors import MusegenError
from musegen.evaluation.originality import PASSAGES, Passages
from musegen.evaluation.trained import SEEN, load, network_for
from musegen.network import checkpoint, config
from musegen.network.checkpoint import save_tensors
from musegen.network.config import save_config
from musegen.network.file_names import CONFIG, WEIGHTS
from musegen.network.next_word import NetworkSettings
from musegen.score.score import Notes, Part, Score, barlines_of_metre
from musegen.training.log import LOG, read_log
from musegen.vocabulary.choose import build

MOST_SECONDS = 5.0  # of the processor, for one folder of 100 kB
MOST_MEMORY = 1_000_000_000  # bytes, for all of the trial beyond the libraries
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 127, 128, 255, 10**4, 10**6, 10**9, 2**31, 2**63, 10**30),
    *(0.5, -0.0, 1e308, float("nan"), float("inf"), "", "x", "/etc/passwd", "../..", "\ud800"),
    *("M:1000000/4", "A99999/77777", "\x1b[2J", "z" * 10_000, [], {}, [[]], [1, 2], {"a": {}}),
    *([0] * 1000, ["A"] * 1000, [[0, 127]] * 500, [["", 0]] * 300, {"shape": [10**9]}),
)


def make_score(kind: str, number: int) -> Score:
    """Four bars for one to three voices."""
    metre, voices = np.array([[0, 4, 4]]), 1 if kind == "abc" else 3
    walks = np.random.default_rng(number).integers(60, 72, (voices, 16)).tolist()
    lines = [Notes.of([(24 * b, 24, p, 80) for b, p in enumerate(walk)]) for walk in walks]
    parts = tuple(Part(f"Voice {n}", 0, line) for n, line in enumerate(lines))
    return Score(24, parts, metre=metre, barlines=barlines_of_metre(metre, 16 * 24, 24))


def make_model(folder: Path, kind: str, backbone: str) -> Path:
    """A model folder with all that one may hold, of 8 units."""
    scores = [make_score(kind, number) for number in range(3)]
    vocabulary = build(scores, kind)
    settings = NetworkSettings(backbone, width=8, depth=1, heads=2, context=8)
    network = network_for(vocabulary, settings)
    figures = {"valid_nats": 1.0, "steps": 3, "passages": {"kept": 3, "false_alarms": 0.0}}
    training = {"corpus": "tunes", "data": "", "fit": {"random_seed": 0}, "steps": 3}
    about = {"musegen": "0", "unit": vocabulary.unit, "grid": vocabulary.grid}
    sections = {"network": vars(settings), "vocabulary": vocabulary.to_dict()}
    save_tensors(folder / WEIGHTS, dict(network.named_parameters()), {"step": 3})
    save_config(folder, {**about, **sections, "training": training, "figures": figures})
    (folder / SEEN).write_text(json.dumps({"0a1b": "a/1.mid", "2c3d": "b/2.mid"}))
    (folder / LOG).write_text(
        "step,seconds,words,train_nats,valid_nats,gradient,skipped\n"
        "2,0.5,100,3.5,3.25,1.0,0\n3,0.75,150,3.0,2.5,1.0,0\n"
    )
    Passages.of([(f"{n}.mid", score.parts) for n, score in enumerate(scores)]).save(folder)
    return folder


def open_all(folder: Path) -> None:
    """Read all that any command reads of a model folder, and begin to compose.

    Raises:
        MusegenError: something is wrong with it.
    """
    model = load(folder)
    model.seen()
    read_log(folder)
    Passages.load(folder).longest_in(make_score("notes", 1).parts)
    tracker, words = model.vocabulary.start(1), []
    before = torch.tensor([[model.network.no_word]])
    for _ in range(6):
        drawn = np.zeros((1, 0), np.int16)
        for _ in model.vocabulary.fields:
            legal = tracker.legal(drawn)
            drawn = np.concatenate([drawn, legal.argmax(1)[:, None].astype(np.int16)], axis=1)
        features = torch.from_numpy(tracker.features(drawn).astype(np.int64))[None]
        with torch.no_grad():
            assert bool(model.network.read(before, features)[0].isfinite().all())
        tracker.advance(drawn)
        words.append(drawn[0])
        before = torch.from_numpy(drawn.astype(np.int64))[None]
    model.vocabulary.decode(np.array(words))


Damage = Callable[[Path, random.Random], None]


def flip(path: Path, chance: random.Random) -> None:
    """A few bytes are others."""
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 1, 8, 100])):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)


def cut(path: Path, chance: random.Random) -> None:
    """The end is lost."""
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data))])


def put_in(path: Path, chance: random.Random) -> None:
    """Something stands where it should not."""
    data, place = path.read_bytes(), chance.randrange(path.stat().st_size)
    more = chance.choice([bytes(9), b"[" * 100_000, b'{"a":' * 100_000, b"9" * 9_999, b",nan,"])
    path.write_bytes(data[:place] + more + data[place:])


def other_values(path: Path, chance: random.Random) -> None:
    """Values of JSON are of other types and sizes; of the settings, with the right checksum."""
    if path.suffix == ".json":
        value = changed(json.loads(path.read_bytes()), chance)
        if path.name == CONFIG and isinstance(value, dict):
            value.pop("checksum", None)
            value["checksum"] = config._settings_checksum(value)
        text = json.dumps(value)
        path.write_text(text.replace("{", '{"a": 1, "a": 2, ', chance.random() < 0.05))
    elif path.suffix == ".safetensors":
        other_tensors(path, chance)
    else:
        flip(path, chance)


def other_tensors(path: Path, chance: random.Random) -> None:
    """A head that lies, or tensors that are others, with the right checksum."""
    data = path.read_bytes()
    if chance.random() < 0.5:
        (length,) = struct.unpack("<Q", data[:8])
        head = json.dumps(changed(json.loads(data[8 : 8 + length]), chance)).encode()
        told = chance.choice([len(head), len(head), len(head), 0, 2**40, 2**63])
        path.write_bytes(struct.pack("<Q", told) + head + data[8 + length :])
        return
    tensors = load_bytes(data)
    name = chance.choice(sorted(tensors))
    dtype = chance.choice([torch.float64, torch.bfloat16, torch.int8, torch.bool, torch.int32])
    others = {
        "type": tensors[name].to(dtype),
        "shape": torch.zeros(chance.choice([(), (0,), (3,), (2, 2), (0, 10**9), (1, 1, 1, 1)])),
        "nan": torch.full_like(tensors[name], -1) / (0 if chance.random() < 0.5 else 3),
    }
    tensors[chance.choice([name, name, name, "x"])] = others[chance.choice(sorted(others))]
    about = changed({"sources": ["0.mid", "1.mid", "2.mid"], "step": 3}, chance)
    tensors = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    text = json.dumps({"about": about, "checksum": checkpoint._checksum(about, tensors)})
    path.write_bytes(save(tensors, {"musegen": text}))


def changed(value: Any, chance: random.Random) -> Any:
    """The same JSON with one value in it replaced, taken out or doubled."""
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.02:
        return chance.choice(VALUES)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = chance.choice(keys)
    if chance.random() < 0.05:
        value.pop(key)
    else:
        value[key] = changed(value[key], chance)
    return value


def elsewhere(path: Path, chance: random.Random) -> None:
    """It is a link, a folder, or nothing."""
    path.unlink()
    leads = chance.choice(["/etc/passwd", "/dev/zero", path.name, "/nowhere", CONFIG, "", "."])
    if leads == "":
        path.mkdir()
    elif leads != ".":
        path.symlink_to(leads)


DAMAGES: tuple[Damage, ...] = (flip, cut, put_in, other_values, other_values, elsewhere)
FILES = (CONFIG, CONFIG, WEIGHTS, SEEN, LOG, PASSAGES)


def fuzz(place: Path, number: int, random_seed: int = 0) -> Counter[str]:
    """Damage and open so many folders; how many opened, and how many were refused."""
    chance, found = random.Random(random_seed), Counter[str]()
    models = [
        make_model(place / f"{kind}-{backbone}", kind, backbone)
        for kind, backbone in (("abc", "gru"), ("grid", "transformer"), ("notes", "lstm"))
    ]
    damaged = place / "damaged"
    for n in range(number):
        model, name = chance.choice(models), chance.choice(FILES)
        damage = chance.choice(DAMAGES)
        shutil.rmtree(damaged, ignore_errors=True)
        shutil.copytree(model, damaged)
        damage(damaged / name, chance)
        began = time.process_time()
        try:
            open_all(damaged)
            found["opened"] += 1
        except MusegenError as error:
            found["refused"] += 1
            told = f"{error} {error.hint}"
            assert len(told) < 500, told
            assert "\n" not in told, told
        except BaseException as error:
            raise AssertionError(f"number {n}: {damage.__name__} of {model.name}/{name}") from error
        took = time.process_time() - began
        assert took < MOST_SECONDS, f"{n}: {damage.__name__} of {model.name}/{name}: {took:.1f} s"
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--random-seed", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        before, began = _memory(), time.process_time()
        found = fuzz(Path(name), asked.number, asked.random_seed)
        more, took = (_memory() - before) / 1e6, time.process_time() - began
    told = ", ".join(f"{count:,} {what}" for what, count in sorted(found.items()))
    print(f"{asked.number:,} folders: {told}; {took:.0f} s of one processor, {more:.0f} MB more")


def _memory() -> int:
    """The most bytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()

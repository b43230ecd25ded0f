"""Weights and settings on disk: safetensors and JSON, nothing that executes.

A model folder holds `model.safetensors` and `config.json`. Each carries a SHA-256 of what it holds,
so that any damage is found; that of the weights alone names a model. While it learns, `resume/` is
there too.

A folder may come from anybody: nothing in it is believed before it is checked, and what it can cost
is bounded by how large its files are.
"""

from __future__ import annotations

import hashlib
import json
import math
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from musegen.disk import write_whole
from musegen.errors import ModelError, NotFound

from .file_names import CONFIG, RESUME, WEIGHTS

FORMAT = 1
_AGAIN = "Train it again, or take another copy of the folder."
_BESIDE = "does not belong to the config.json beside it"
_SECTIONS = ("network", "vocabulary", "conditions", "training", "figures")
_SETTINGS_BYTES = 2**24  # of any config.json; those of ours have some thousand
_SLACK = 2**22  # numbers that a network may hold besides its weights

_TYPES = {"F32", "F16"}

Shapes = dict[str, tuple[str, tuple[int, ...]]]


def fingerprint(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of names, types, shapes and numbers: what names a model."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        if tensor.numel():  # nothing has no bytes to view
            flat = tensor.detach().cpu().contiguous().reshape(-1)
            digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def save_tensors(path: Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
    """Tensors and a JSON object beside them, as one file written whole.

    Raises:
        OutputError: the file cannot be written.
    """
    tensors = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    # One entry, since safetensors writes several in an order that chance decides.
    text = json.dumps({"about": about, "checksum": _checksum(about, tensors)})
    write_whole(path, save(tensors, {"musegen": text}), force=True)


def check_file(path: Path) -> None:
    """Make sure that a file of a model folder is there, and lies there.

    Raises:
        ModelError: it is missing, is no plain file, or a link that leads out of its folder.
    """
    if not path.is_file():
        missing = "is no plain file" if path.exists() else "is missing"
        raise ModelError(missing, file=path, hint=_AGAIN)
    if not path.resolve().is_relative_to(path.parent.resolve()):
        hint = "Copy the file itself there, if you trust it."
        raise ModelError("is a link that leads out of its folder", file=path, hint=hint)


def read_json(path: Path, most: int) -> dict[str, Any]:
    """The JSON object in a file of a model folder of at most so many bytes.

    Raises:
        ModelError: it is missing, lies elsewhere, is longer or damaged.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise ValueError(f"it has more than {most:,} bytes")
        return _object(json.loads(data, object_pairs_hook=_once))
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror}", file=path) from error
    except (ValueError, RecursionError) as error:
        raise ModelError("is damaged", file=path, hint=_AGAIN) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{type(value).__name__} where an object is expected")
    return value


def shapes_in(path: Path) -> Shapes:
    """Type and shape of each tensor in a file, of which only the head is read.

    Raises:
        ModelError: the file is missing, lies elsewhere, or is damaged.
    """
    check_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return {name: (p.get_dtype(), tuple(p.get_shape())) for name, p in parts.items()}
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


@contextmanager
def sized_as(path: Path, depth: int) -> Iterator[None]:
    """Within, a network of so many layers may be made that the weights in a file could fill.

    Raises:
        ModelError: it would be deeper or larger; raised before the memory is taken.
    """
    shapes = shapes_in(path)
    numbers = sum(math.prod(shape) for _, shape in shapes.values())
    try:
        if depth > len(shapes):
            raise ModelError(_BESIDE, file=path, hint=_AGAIN)
        with _Bounded(2 * numbers + _SLACK):
            yield
    except (_TooLarge, MemoryError, ArithmeticError, RuntimeError, TypeError) as error:
        raise ModelError(_BESIDE, file=path, hint=_AGAIN) from error  # as of sizes beyond 64 bits


class _TooLarge(Exception):
    """A network is larger than its weights."""


class _Bounded(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within, no more than so many numbers can be asked for."""

    def __init__(self, numbers: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._left = numbers

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Count what is about to be made."""
        if args and isinstance(args[0], (list, tuple)) and all(type(n) is int for n in args[0]):
            self._left -= math.prod(args[0])
            if self._left < 0:
                raise _TooLarge
        return function(*args, **(kwargs or {}))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `save_tensors` wrote.

    Raises:
        ModelError: the file is missing or damaged.
    """
    check_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})["musegen"])
            names = file.keys()
            # Cloned: what is read is the file itself, mapped, and a checkpoint must be replaceable.
            tensors = {name: file.get_tensor(name).clone() for name in names}
        about = _object(metadata["about"])
        if metadata["checksum"] != _checksum(about, tensors):
            raise ValueError("its checksum is wrong")
    except (
        *(SafetensorError, OSError, LookupError, AttributeError),
        *(TypeError, ValueError, RecursionError),
    ) as error:
        raise _damaged(path, error) from error
    return tensors, about


def _damaged(path: Path, error: Exception) -> ModelError:
    return ModelError(f"is damaged ({line_of(error)})", file=path, hint=_AGAIN)


def line_of(error: Exception) -> str:
    """What is wrong, in a line of bounded length, whatever it quotes."""
    return " ".join(str(error).split())[:100] or type(error).__name__


def _checksum(about: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    return hashlib.sha256(json.dumps([about, fingerprint(tensors)]).encode()).hexdigest()


def save_config(folder: Path, config: dict[str, Any]) -> None:
    """Write the settings of a model.

    Raises:
        OutputError: the file cannot be written.
    """
    config = {"format": FORMAT, **config}
    config["checksum"] = _settings_checksum(config)
    text = json.dumps(config, indent=1, ensure_ascii=False)
    # What a name holds that is no character comes back as it was.
    write_whole(folder / CONFIG, (text + "\n").encode("utf-8", "surrogatepass"), force=True)


def load_config(folder: Path) -> dict[str, Any]:
    """The settings of a model.

    Raises:
        NotFound: there is no such folder.
        ModelError: the folder is not a model's, is damaged, or is of another version.
    """
    if not folder.is_dir():
        raise NotFound("there is no such model", file=folder, hint="See musegen models list.")
    path = folder / CONFIG
    if not path.exists():
        hint = "A model folder holds config.json and model.safetensors."
        raise ModelError("has no config.json", file=folder, hint=hint)
    config = read_json(path, _SETTINGS_BYTES)
    found = config.get("format")
    sections = [config[name] for name in _SECTIONS if name in config]
    if type(found) is not int or not all(isinstance(section, dict) for section in sections):
        raise ModelError("is damaged", file=path, hint=_AGAIN)
    if found != FORMAT:
        made = config.get("musegen", "another musegen")
        raise ModelError(
            f"has model format {found}, and this musegen reads format {FORMAT}",
            file=folder,
            hint=f"Open it with the musegen that made it ({made}), or train it again.",
        )
    if config.pop("checksum", None) != _settings_checksum(config):
        raise ModelError("is damaged (its checksum is wrong)", file=path, hint=_AGAIN)
    return config


def _settings_checksum(config: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def check_has_learnt(folder: Path) -> None:
    """Make sure that a model folder has weights, or may have lost them.

    Raises:
        ModelError: it is of a run that has not come to any yet.
    """
    if (folder / RESUME).is_dir() and not (folder / WEIGHTS).exists():
        hint = f"Go on with it: musegen train CORPUS -o {shlex.quote(str(folder))} --resume."
        raise ModelError("has learnt nothing yet", file=folder, hint=hint)


def load_weights(folder: Path, network: nn.Module) -> str:
    """Fill a network with the weights of a model folder, of 32 or 16 bits; gives their fingerprint.

    Raises:
        ModelError: the weights are missing, damaged, or of another shape than the settings say.
    """
    path = folder / WEIGHTS
    shapes = {name: tuple(p.shape) for name, p in network.named_parameters()}
    found = shapes_in(path)
    types = {kind for kind, _ in found.values()}
    if {name: shape for name, (_, shape) in found.items()} != shapes or not types <= _TYPES:
        raise ModelError(_BESIDE, file=path, hint=_AGAIN)
    tensors, _ = load_tensors(path)
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise ModelError("is damaged (not all that it holds is a number)", file=path, hint=_AGAIN)
    network.load_state_dict(tensors, strict=False)  # one that is shared goes by several names
    return fingerprint(tensors)


def device_of(name: str) -> torch.device:
    """The device named `auto`, `cpu`, `cuda` or `mps`.

    Raises:
        ModelError: this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    missing = (name == "cuda" and not torch.cuda.is_available()) or (
        name == "mps" and not torch.backends.mps.is_available()
    )
    if missing:
        raise ModelError(f"this machine has no {name} device", hint="Use --device cpu.")
    return torch.device(name)

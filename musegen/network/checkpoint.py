"""Weights on disk, and the folder of a model: safetensors and JSON, nothing that executes.

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
from musegen.errors import ModelError

from .config import AGAIN, check_file, line_of, object_of
from .file_names import RESUME, WEIGHTS

_BESIDE = "does not belong to the config.json beside it"
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
            raise ModelError(_BESIDE, file=path, hint=AGAIN)
        with _Bounded(2 * numbers + _SLACK):
            yield
    except (_TooLarge, MemoryError, ArithmeticError, RuntimeError, TypeError) as error:
        raise ModelError(_BESIDE, file=path, hint=AGAIN) from error  # as of sizes beyond 64 bits


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
        about = object_of(metadata["about"])
        if metadata["checksum"] != _checksum(about, tensors):
            raise ValueError("its checksum is wrong")
    except (
        *(SafetensorError, OSError, LookupError, AttributeError),
        *(TypeError, ValueError, RecursionError),
    ) as error:
        raise _damaged(path, error) from error
    return tensors, about


def _damaged(path: Path, error: Exception) -> ModelError:
    return ModelError(f"is damaged ({line_of(error)})", file=path, hint=AGAIN)


def _checksum(about: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    return hashlib.sha256(json.dumps([about, fingerprint(tensors)]).encode()).hexdigest()


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
        raise ModelError(_BESIDE, file=path, hint=AGAIN)
    tensors, _ = load_tensors(path)
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise ModelError("is damaged (not all that it holds is a number)", file=path, hint=AGAIN)
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

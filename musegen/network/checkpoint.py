"""Weights and settings on disk: safetensors and JSON, nothing that executes.

A model folder holds `model.safetensors` and `config.json`. Each carries a SHA-256 of what it holds,
so that any damage is found; that of the weights alone names a model. While it learns, `resume/` is
there too.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from musegen.disk import write_whole
from musegen.errors import ModelError, NotFound

FORMAT = 1
WEIGHTS, CONFIG, RESUME = "model.safetensors", "config.json", "resume"
_AGAIN = "Train it again, or take another copy of the folder."


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


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `save_tensors` wrote.

    Raises:
        ModelError: the file is missing or damaged.
    """
    if not path.is_file():
        raise ModelError("is missing", file=path, hint=_AGAIN)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})["musegen"])
            names = file.keys()
            # Cloned: what is read is the file itself, mapped, and a checkpoint must be replaceable.
            tensors = {name: file.get_tensor(name).clone() for name in names}
        if metadata["checksum"] != _checksum(metadata["about"], tensors):
            raise ValueError("its checksum is wrong")
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"is damaged ({error})", file=path, hint=_AGAIN) from error
    return tensors, metadata["about"]


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
    try:
        config = dict(json.loads(path.read_bytes()))
        found = config["format"]
    except FileNotFoundError as error:
        hint = "A model folder holds config.json and model.safetensors."
        raise ModelError("has no config.json", file=folder, hint=hint) from error
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror}", file=path) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelError("is damaged", file=path, hint=_AGAIN) from error
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


def load_weights(folder: Path, network: nn.Module) -> str:
    """Fill a network with the weights of a model folder; gives their fingerprint.

    Raises:
        ModelError: the weights are missing, damaged, or of another shape than the settings say.
    """
    if (folder / RESUME).is_dir() and not (folder / WEIGHTS).exists():
        hint = f"Go on with it: musegen train CORPUS -o {shlex.quote(str(folder))} --resume."
        raise ModelError("has learnt nothing yet", file=folder, hint=hint)
    tensors, _ = load_tensors(folder / WEIGHTS)
    try:
        if missing := dict(network.named_parameters()).keys() ^ tensors.keys():
            raise RuntimeError(f"other weights: {sorted(missing)}")
        network.load_state_dict(tensors, strict=False)  # one that is shared goes by several names
    except RuntimeError as error:
        raise ModelError(
            "does not belong to the config.json beside it", file=folder / WEIGHTS, hint=_AGAIN
        ) from error
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

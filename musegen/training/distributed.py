"""Several processes that learn as one, on one machine or on many: torchrun starts them.

Each reads its part of every batch, and what they found is added up: all then hold the same weights
to the last bit, and only the first writes files and speaks. A process alone finds here that it is
the first of one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from musegen.errors import CorpusError, ModelError, MusegenError
from musegen.network.checkpoint import device_of

_PATIENCE = timedelta(days=1)  # as reading a large corpus for the first time takes hours
_SHARED = "Let all machines read the corpus from one disk, or from equal copies."
_SPEAKER = "musegen/speaker"


class ProcessLost(MusegenError):
    """Another process has ended, and this one cannot go on without it."""


def count() -> int:
    """How many processes learn together."""
    return dist.get_world_size() if _are_several() else 1


def rank() -> int:
    """Which of them this is, from 0."""
    return dist.get_rank() if _are_several() else 0


def is_first() -> bool:
    """Whether this process is the one that writes files and speaks."""
    return rank() == 0


def add_up(tensors: Sequence[Tensor]) -> None:
    """Put in the place of each tensor its sum over all processes, the same bits in all.

    Raises:
        ProcessLost: another process has ended.
    """
    if _are_several():
        numbers = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _connected():
            dist.all_reduce(numbers)
        parts = torch.split(numbers, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


def total(number: float) -> float:
    """The sum of a number over all processes.

    Raises:
        ProcessLost: another process has ended.
    """
    count = torch.tensor([number], dtype=torch.float64)
    add_up([count])
    return float(count)


def of_first(number: float) -> float:
    """What this number is in the first process: what hangs on a clock must be the same in all.

    Raises:
        ProcessLost: another process has ended.
    """
    if not _are_several():
        return number
    told = torch.tensor(number, dtype=torch.float64)
    with _connected():
        dist.broadcast(told, src=0)
    return float(told)


def check_same(digest: str) -> None:
    """Whether all learn from the same music.

    Raises:
        CorpusError: this process has other music than the first.
        ProcessLost: another process has ended.
    """
    number = float(int(digest[:12], 16))  # of 48 bits, which a double holds exactly
    if number != of_first(number):
        raise CorpusError("the music here is not that of the first process", hint=_SHARED)


@contextmanager
def one_before_others() -> Iterator[None]:
    """What is done within is done by the first process of each machine, then by the others."""
    goes_first = _place_on_machine() == 0
    if not goes_first:
        _wait_for_all()
    yield
    if goes_first:
        _wait_for_all()


@contextmanager
def together(device: str) -> Iterator[None]:
    """Join the processes that torchrun started, if it did; leave when all are done.

    Where one fails or is interrupted, all end, and only the one that failed first speaks.

    Args:
        device: what was asked for; each process of a machine takes a CUDA device of its own.

    Raises:
        ModelError: torch cannot do it here, or there are fewer devices than processes.
        SystemExit: another process failed, and has said why.
    """
    if os.environ.get("WORLD_SIZE", "1") == "1":
        yield
        return
    store = _join()
    try:
        _take_device(device)
        yield
        _wait_for_all()
    except BaseException as error:
        if _may_speak(store):
            raise
        status = 130 if isinstance(error, KeyboardInterrupt) else getattr(error, "exit_code", 1)
        raise SystemExit(status) from None
    dist.destroy_process_group()


def _are_several() -> bool:
    return dist.is_available() and dist.is_initialized()


def _place_on_machine() -> int:
    return int(os.environ.get("LOCAL_RANK", "0")) if _are_several() else 0


def _wait_for_all() -> None:
    add_up([torch.zeros(1)])


def _join() -> Any:
    """Join the others; gives the torch.distributed.Store that all share."""
    if not dist.is_available():
        raise ModelError("this torch cannot learn in several processes", hint="Start one alone.")
    from torch.distributed.rendezvous import rendezvous

    try:
        store, number, size = next(rendezvous("env://"))
        dist.init_process_group(store=store, rank=number, world_size=size, timeout=_PATIENCE)
    except (ValueError, RuntimeError) as error:
        hint = "Start them with torchrun, whose --help says how machines find each other."
        raise ModelError(f"the processes do not find each other ({error})", hint=hint) from error
    return store


def _take_device(name: str) -> None:
    """Make one CUDA device this process's own."""
    kind = device_of(name).type
    if kind == "mps":
        raise ModelError("several processes cannot share an mps device", hint="Start one alone.")
    if kind == "cuda":
        devices, place = torch.cuda.device_count(), _place_on_machine()
        if place >= devices:
            hint = f"Start no more than --nproc-per-node {devices}."
            raise ModelError(f"this machine has {devices} cuda devices, too few", hint=hint)
        torch.cuda.set_device(place)


def _may_speak(store: Any) -> bool:
    """Whether no other process has spoken of a failure yet."""
    me = str(rank())
    try:
        return bool(store.compare_set(_SPEAKER, "", me) == me.encode())
    except RuntimeError:  # the machine that kept the store is gone
        return True


@contextmanager
def _connected() -> Iterator[None]:
    """What torch says of a connection that broke, in a sentence."""
    try:
        yield
    except RuntimeError as error:
        raise ProcessLost(
            "another of the processes has ended",
            hint="Look there for the reason, then go on with --resume.",
        ) from error

"""A training run on disk: from a corpus to a model folder, resumable at any instant."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock

import musegen
from musegen.corpus.conditions import Conditions
from musegen.corpus.given import taking_given
from musegen.corpus.prepare import Prepared
from musegen.disk import remove_leftovers, whole_folder, write_whole
from musegen.errors import ModelError
from musegen.evaluation.classify import calibrate
from musegen.evaluation.described import conditions_of
from musegen.evaluation.likelihood import field_nats, nats_per_unit
from musegen.evaluation.profile import PROFILE
from musegen.evaluation.trained import Trained, load, network_for
from musegen.network.checkpoint import device_of, save_tensors, sized_as
from musegen.network.config import load_config, save_config
from musegen.network.file_names import RESUME, WEIGHTS
from musegen.network.next_word import NetworkSettings, NextWordNetwork

from . import distributed
from .begun import CHECKPOINT, check_new, check_splits, has_checkpoint, lock
from .card import CARD, card
from .events import Event, Validated
from .fit import Fit
from .learnt import learnt_from
from .log import add_to_log, board, cut_log, read_log
from .music import check_music, fingerprint, note_files
from .origin import Origin, with_earlier
from .schedule import Extent
from .settings import FitSettings, expected_seconds, network_settings, suited

TOLD = ("style", "bars", "key")  # what others cost is in docs/decisions.md


@dataclass(frozen=True)
class RunSettings:
    """What is asked of a run.

    Attributes:
        backbone: one of BACKBONES.
        size: `auto`, or one of SIZES.
        extent: for how long.
        device: `auto`, `cpu`, `cuda` or `mps`.
        random_seed: all that chance depends on.
        tell: which kinds of conditions are told in training, where the corpus has them.
    """

    backbone: str = "lstm"
    size: str = "auto"
    extent: Extent = field(default_factory=Extent)
    device: str = "auto"
    random_seed: int = 0
    tell: tuple[str, ...] = TOLD


class Run:
    """A run in its folder, the only one there. `events` trains; `finish` writes the figures.

    As a context manager it releases the folder, however the run ends.

    Attributes:
        folder: the model folder.
        fit: the loop.
        config: what config.json holds.
    """

    def __init__(self, folder: Path, fit: Fit, config: dict[str, Any]) -> None:
        self.folder, self.fit, self.config = folder, fit, config
        self._lock: FileLock | None = None

    def release(self) -> None:
        """Let others train into the folder."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @classmethod
    def start(
        cls,
        prepared: Prepared,
        folder: Path,
        settings: RunSettings,
        origin: Origin = Origin(),  # noqa: B008 - it is frozen
    ) -> Run:
        """A new run in a new folder, of a corpus in the words of the model that it begins with.

        Raises:
            CorpusError: there is too little to learn from and to hold out.
            OutputError: the folder is already there, or cannot be made.
        """
        check_splits(prepared)
        if distributed.is_first():
            check_new(folder)
        if "given" in settings.tell:
            prepared = taking_given(prepared)
        extent = settings.extent
        alone, processes = FitSettings(random_seed=settings.random_seed), distributed.count()
        seconds, learnt = processes * expected_seconds(extent, alone), prepared.of("train")
        usual = network_settings(
            settings.backbone,
            settings.size,
            n_words=sum(piece.stop - piece.start for piece in learnt),
            seconds=seconds + origin.seconds(learnt),
            vocabulary=prepared.vocabulary.name,
        )
        shape = origin.shape(usual)
        batch_words = processes * alone.batch_words
        how = origin.pace(suited(replace(alone, batch_words=batch_words), shape), seconds)
        told = origin.told(Conditions.of(prepared, settings.tell))
        fit = _fit(prepared, folder, shape, told, how, extent, settings.device, origin)
        config = _config(prepared, shape, told, how, extent)
        config["training"] |= origin.about()
        run = cls(folder, fit, config)
        if distributed.is_first():
            run._make_folder(origin)
            run._lock = lock(folder)
        return run

    @classmethod
    def resume(cls, prepared: Prepared, folder: Path, device: str = "auto") -> Run:
        """Go on with a run that was broken off.

        Raises:
            NotFound: there is no such folder.
            ModelError: it is no run, is damaged, or learnt from other music.
            OutputError: another process trains there.
        """
        config = load_config(folder)
        if not has_checkpoint(folder):
            raise ModelError(
                "has no checkpoint to go on from",
                file=folder,
                hint="Its training has ended. Start another with -o.",
            )
        try:
            saved = config["training"]
            check_music(prepared, folder, saved["data"])
            shape = NetworkSettings(**config["network"])
            told = conditions_of(config)
            extent = Extent(saved["seconds"], saved["steps"])
            settings = FitSettings(**saved["fit"])
        except (KeyError, TypeError) as error:
            raise ModelError("is damaged", file=folder / "config.json") from error
        with sized_as(folder / RESUME / CHECKPOINT, shape.depth):
            fit = _fit(prepared, folder, shape, told, settings, extent, device)
        run = cls(folder, fit, config)
        fit.restore()
        if distributed.is_first():
            run._lock = lock(folder)
            cut_log(folder, fit.counters.step)
            remove_leftovers(folder)
        return run

    @property
    def network(self) -> NextWordNetwork:
        """What learns."""
        return self.fit.network

    def events(self) -> Iterator[Event]:
        """Train. The best weights so far, and the log, are on disk before an event is told."""
        if not distributed.is_first():
            yield from self.fit.events()
            return
        with board(self.folder, self.fit.counters.step) as draw:
            for event in self.fit.events():
                if isinstance(event, Validated):
                    self._keep(event)
                    draw(event)
                yield event

    def _keep(self, event: Validated) -> None:
        """A measurement in the log, and the weights if they are the best so far."""
        add_to_log(self.folder, event, self.config["unit"])
        if event.best:
            about = {"step": event.step, "valid_nats": event.valid_nats}
            save_tensors(self.folder / WEIGHTS, dict(self.fit.average), about)

    def finish(self) -> Trained:
        """Measure the best weights on all held-out pieces, write the card, drop the checkpoint.

        What passages there are in the pieces that were learnt from is kept beside the weights, and
        what these are like among the settings.
        """
        model = load(self.folder, self.fit.device.type)
        found, profile = learnt_from(self.fit.prepared, self.fit.learnt)
        self.config[PROFILE] = asdict(profile)
        passages = with_earlier(found, self.folder)
        passages.save(self.folder)
        held_out = self.fit.held_out
        nats = field_nats(model.network, self.fit.prepared, held_out)
        now = self.fit.counters
        survey = self.fit.prepared.survey
        self.config["figures"] = {
            "parameters": self.network.n_parameters,
            "steps": now.step,
            "seconds": now.seconds,
            "notes_per_second": now.words * self.fit.notes_per_word / now.seconds,
            "train_nats": read_log(self.folder)["train_nats"][-1],
            "valid_nats": nats_per_unit(nats, held_out),
            "train_pieces": len(self.fit.learnt),
            "valid_pieces": len(held_out),
            "classify": self._calibration(model),
            "passages": {"kept": len(passages.hashes), "false_alarms": passages.false_alarms},
            "files": {
                "kept": survey.count("kept"),
                "skipped": survey.count("skipped"),
                "duplicates": survey.count("duplicate"),
            },
        }
        save_config(self.folder, self.config)
        text = card(self.config, model.fingerprint).encode(errors="replace")
        write_whole(self.folder / CARD, text, force=True)
        self.release()  # or Windows would keep the folder
        shutil.rmtree(self.folder / RESUME, ignore_errors=True)
        return replace(model, config=self.config)

    def _calibration(self, model: Trained) -> dict[str, Any]:
        """How sure the model may be of a style; nothing where it knows none."""
        if not model.conditions.styles:
            return {}
        return asdict(calibrate(model.network, self.fit.prepared, model.conditions))

    def _make_folder(self, origin: Origin) -> None:
        """Make the folder with all it takes to resume, whole or not at all."""
        with whole_folder(self.folder) as unfinished:
            save_tensors(unfinished / RESUME / CHECKPOINT, *self.fit.state())
            note_files(self.fit.prepared.survey, unfinished)
            origin.save(unfinished, {piece.melody: piece.path for piece in self.fit.learnt})
            save_config(unfinished, self.config)


def _config(
    prepared: Prepared,
    shape: NetworkSettings,
    told: Conditions,
    settings: FitSettings,
    extent: Extent,
) -> dict[str, Any]:
    """What config.json says before there are figures."""
    return {
        "musegen": musegen.__version__,
        "network": vars(shape),
        "vocabulary": prepared.vocabulary.to_dict(),
        "unit": prepared.vocabulary.unit,
        "grid": prepared.vocabulary.grid,
        "conditions": told.to_dict(),
        "training": {
            "corpus": prepared.survey.root.resolve().name,
            "data": fingerprint(prepared),
            "fit": settings.to_dict(),
            "seconds": extent.seconds,
            "steps": extent.steps,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "figures": {},
    }


def _fit(
    prepared: Prepared,
    folder: Path,
    shape: NetworkSettings,
    told: Conditions,
    settings: FitSettings,
    extent: Extent,
    device: str,
    origin: Origin = Origin(),  # noqa: B008 - it is frozen
) -> Fit:
    distributed.check_same(fingerprint(prepared))
    torch.manual_seed(settings.random_seed)
    network = network_for(prepared.vocabulary, shape, told).to(device_of(device))
    if origin.model is not None:
        network.load_state_dict(origin.model.network.state_dict())
    return Fit(network, prepared, settings, extent, folder / RESUME, told)

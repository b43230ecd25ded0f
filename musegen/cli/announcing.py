"""What `musegen train` says before it begins: what was found, and what training will take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from musegen.score.counts import counted

if TYPE_CHECKING:
    from musegen.corpus.prepare import Prepared
    from musegen.training.run import Run
    from musegen.training.schedule import Extent

_LITTLE = 20_000  # notes; fewer are learnt by heart within minutes


def announce(run: Run, prepared: Prepared, corpus: str, quiet: bool) -> None:
    """What was found, and what training will take."""
    from musegen.training.settings import memory_mb

    from .terminal import say, say_unused

    survey, network, vocabulary = prepared.survey, run.network, prepared.vocabulary
    left_out = (
        f"{survey.count('skipped'):,} skipped, {counted(survey.count('duplicate'), 'duplicates')}"
    )
    say(f"{corpus}: {counted(survey.count('kept'), 'pieces kept')}, {left_out}.", quiet)
    parts = {"train": "to learn from", "valid": "held out", "test": "kept for a test"}
    sizes = {part: len(prepared.of(part)) for part in parts}
    split = ", ".join(f"{n:,} {parts[part]}" for part, n in sizes.items() if n)
    say(f"Split: {split}.", quiet)
    say_unused(survey, corpus, quiet)
    n_notes = sum(piece.notes for piece in prepared.of("train"))
    if n_notes < _LITTLE:
        say(
            f"{n_notes:,} notes are little to learn from: they will soon be known by heart.\n"
            "A hundred pieces are a start.",
            quiet,
        )
    _say_styles(run, prepared, quiet)
    memory = memory_mb(network, run.fit.settings)
    say(
        f"Vocabulary: {vocabulary.name} ({vocabulary.grid}).\n"
        f"Network: {network.settings.backbone} of {network.n_parameters:,} parameters.\n"
        f"It learns for {_duration(run.fit.extent)}, in up to {memory} MB of memory.\n"
        f"What follows is in nats a {vocabulary.unit}: fewer is better.\n"
        "In training they are taken with dropout and in other keys: they may be more.",
        quiet,
    )


def _say_styles(run: Run, prepared: Prepared, quiet: bool) -> None:
    """Which styles are learnt, or why none is where folders look like some."""
    from musegen.corpus.conditions import style_of

    from .terminal import say

    own = {style_of(piece.path) for piece in prepared.of("train")} - {""}
    styles = run.fit.conditions.styles
    if styles and own >= set(styles):
        say(f"Styles, by sub-folder: {', '.join(styles)}.", quiet)
    elif styles:
        say(f"Styles, of the model it began with: {', '.join(styles)}.", quiet)
    elif len(own) == 1:
        say(f"One sub-folder alone, {own.pop()}, is no style: it takes two.", quiet)


def _duration(extent: Extent) -> str:
    if extent.steps:
        return f"{extent.steps} steps"
    return (
        f"{extent.seconds / 60:.3g} minutes" if extent.seconds >= 120 else f"{extent.seconds:g} s"
    )

"""What `import musegen` offers beside `read` and `write`: from a folder to a model, to music."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musegen.evaluation.trained import Trained
    from musegen.generation.fulfil import Ranked
    from musegen.score.score import Score
    from musegen.training.events import Event

# Of a Request, what is said otherwise here, or done by `musegen.generation.adapt.adapted`.
_OF_COMMAND = {"seed", "seed_sha256", "of_n", "broken_off", "adapt", "adapt_steps"}


def load(model: str | Path, device: str = "auto") -> Trained:
    """Open a trained model: a folder, or the name of one that ships or lies in ./runs.

    Raises:
        NotFound: there is none.
        ModelError: it is damaged, or of another version.
    """
    from musegen.evaluation import folders, trained

    return trained.load(folders.find_model(str(model)), device)


def train(
    corpus: str | Path,
    folder: str | Path,
    *,
    budget: str = "10m",
    steps: int | None = None,
    backbone: str = "lstm",
    vocabulary: str = "auto",
    size: str = "auto",
    begin_with: Trained | None = None,
    device: str = "auto",
    random_seed: int = 0,
    progress: Callable[[Event], None] = lambda _: None,
) -> Trained:
    """Train a model on a folder of music, into a new folder.

    Args:
        corpus: a folder, searched to its depth; its sub-folders train, valid and test are the split
            where they are there. Or one file.
        folder: the model folder to make.
        budget: how long, as `90s`, `10m` or `1h30m`.
        steps: so many updates instead, which makes the result repeatable.
        backbone: `lstm`, `gru`, `rnn` or `transformer`.
        vocabulary: `auto`, `abc`, `grid` or `notes`; not used where it begins with a model.
        size: `auto`, `small`, `medium` or `large`; not used where it begins with a model.
        begin_with: a model whose words and weights it begins with.
        device: `auto`, `cpu`, `cuda` or `mps`.
        random_seed: all that chance depends on.
        progress: told of each update and each measurement.

    Raises:
        NotFound: there is no such corpus.
        CorpusError: there is too little to learn from.
        OutputError: the folder is already there, or cannot be made.
    """
    from musegen.corpus.prepare import prepare
    from musegen.training.origin import Origin
    from musegen.training.run import Run, RunSettings
    from musegen.training.schedule import Extent, seconds_of

    origin = Origin(begin_with)
    prepared = prepare(Path(corpus), vocabulary=origin.vocabulary or vocabulary)
    settings = RunSettings(backbone, size, Extent(seconds_of(budget), steps), device, random_seed)
    with Run.start(prepared, Path(folder), settings, origin) as run:
        for event in run.events():
            progress(event)
        return run.finish()


def generate(
    model: Trained,
    seed: str | Path | Score | None = None,
    *,
    n: int = 1,
    bars: int | None = None,
    finish: bool = False,
    random_seed: int = 0,
    **more: Any,
) -> list[Ranked]:
    """Carry a piece on, or compose one from nothing.

    Args:
        model: what composes.
        seed: a file, `book.abc:12`, or a score.
        n: how many pieces.
        bars: how many new bars; 16 where no length is given.
        finish: whether they draw to a close.
        random_seed: the same one gives the same pieces on the same machine.
        **more: further options of `musegen generate`, as they are called there: `key="F#m"`,
            `temperature="0.8"`, `continue_from=9`, `max_copy=12`, …

    Returns:
        The pieces, best first. Each has its `score`, what speaks for it and what it copies.

    Raises:
        UsageError: what is asked for cannot be.
        ModelError: the model does not suit the seed, or cannot be told what is asked for.
    """
    from musegen.errors import UsageError
    from musegen.generation.asked import plan_of, sampling_of, settled
    from musegen.generation.fulfil import best_first, fulfil
    from musegen.generation.request import Request
    from musegen.generation.seed import taken
    from musegen.score.files import read

    options = {field.name for field in fields(Request)} - _OF_COMMAND
    if unknown := more.keys() - options:
        raise UsageError(f"no option is called {unknown.pop()}", hint=f"Take {sorted(options)}.")
    request = Request(
        seed="" if seed is None else "a score",
        n=n,
        bars=bars,
        finish=finish,
        random_seed=random_seed,
        **more,
    )
    if isinstance(seed, (str, Path)):
        seed = read(seed)
    sampling_of(request)
    score = None if seed is None else taken(seed, request)[0]
    plan = settled(model, request, plan_of(request, score))
    return best_first(fulfil(model, request, plan))


def evaluate(
    model: Trained, corpus: str | Path, split: str = "valid", *, told: bool = False
) -> dict[str, Any]:
    """How likely pieces are under a model, with baselines beside it.

    Args:
        model: what is measured.
        corpus: a folder or a file.
        split: `train`, `valid`, `test` or `all`.
        told: whether the model is told what it can be told of a piece, its style say.

    Returns:
        The figures, as `musegen evaluate --json` names them.

    Raises:
        NotFound: there is no such corpus.
        CorpusError: the split is empty.
    """
    from musegen.corpus.prepare import prepare
    from musegen.evaluation import evaluate as measuring

    prepared = prepare(Path(corpus), vocabulary=model.vocabulary)
    return measuring.evaluate(model, prepared, split, told=told)

"""A model's card: what a person should know of it, in a page of Markdown."""

from __future__ import annotations

from typing import Any

from musegen.evaluation.described import conditions_of
from musegen.evaluation.profile import Profile
from musegen.score.counts import counted

CARD = "card.md"


def card(config: dict[str, Any], fingerprint: str) -> str:
    """What a person should know of a model, in a page of Markdown."""
    figures, network, training = config["figures"], config["network"], config["training"]
    told, passages = conditions_of(config), figures["passages"]
    styles = ", ".join(f"{s} ({n})" for s, n in zip(told.styles, told.pieces, strict=True))
    began = training.get("from", {})
    earlier = f"{', '.join(began['corpora'])} (model {began['fingerprint'][:16]})" if began else ""
    known = {
        "its pieces mostly have": Profile.of_config(config).mostly(),
        "began with a model of": earlier,
        "can be told": ", ".join(told.kinds),
        "styles, and their pieces": styles,
    }
    rows = "".join(f"| {what} | {names} |\n" for what, names in known.items() if names)
    return f"""# A model of {training["corpus"]}

| | |
|---|---|
| vocabulary | {config["vocabulary"]["name"]}, {config["grid"]} |
| network | {network["backbone"]}, {network["depth"]} layers of {network["width"]}, \
{figures["parameters"]:,} parameters |
| learnt from | {counted(figures["train_pieces"], "pieces")} |
| training | {figures["steps"]:,} steps in {figures["seconds"]:.0f} s, \
random seed {training["fit"]["random_seed"]} |
| held out | {figures["valid_nats"]:.4f} nats a {config["unit"]}, the end of a piece counted, on \
{counted(figures["valid_pieces"], "pieces that it never saw")} |
{rows}| originality | it can tell copies of {passages["kept"]:,} passages of eight notes; \
the chance that a new passage is taken for one of them is {passages["false_alarms"]:.1e} |
| fingerprint | {fingerprint[:16]} |
| made with | musegen {config["musegen"]}, torch {training["torch"]} |
"""

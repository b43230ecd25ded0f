"""What all pages share: one document that fetches nothing, cards and small tables."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .svg import safe

HERE = Path(__file__).parent


def page(title: str, maker: str, body: Iterable[str], style: str = "", script: str = "") -> str:
    """An HTML document of the elements of its body.

    Args:
        title: what it is about; its heading too.
        maker: the command that wrote it.
        body: elements.
        style: rules beside those of all pages.
        script: what runs when it is there.
    """
    rules = (HERE / "report.css").read_text(encoding="utf-8") + style
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(rules, script)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{safe(title)}: {maker}</title>",
            f"<style>{rules}</style></head><body>",
            f"<h1>{safe(title)}</h1>",
            *body,
            *([f"<script>{script}</script>"] if script else []),
            "</body></html>\n",
        ]
    )


def embedded(name: str, value: Any) -> str:
    """A value that scripts of the page find under its name; no text in it can end the element."""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{data}</script>'


def tiles(facts: Iterable[tuple[str | int, str]]) -> str:
    """A row of figures, each above what it counts."""
    shown = (
        f"<div class='tile'><b>{safe(n) if isinstance(n, str) else f'{n:,}'}</b>"
        f"<span>{safe(what)}</span></div>"
        for n, what in facts
    )
    return f"<div class='tiles'>{''.join(shown)}</div>"


def card(title: str, body: str) -> str:
    """A box with a heading."""
    return f"<div class='card'><h3>{safe(title)}</h3>{body}</div>"


def small_table(
    heads: Iterable[str], rows: Iterable[Iterable[str]], numbers: Iterable[int] = ()
) -> str:
    """A table that is read, not sorted; the columns of `numbers` stand to the right."""
    right = set(numbers)

    def cells(values: Iterable[str], tag: str, more: str = "") -> str:
        kinds = (" class=n" if column in right else "" for column, _ in enumerate(values))
        return "".join(
            f"<{tag}{more}{kind}>{safe(value)}</{tag}>"
            for value, kind in zip(values, kinds, strict=False)
        )

    head = cells(list(heads), "th", ' scope="col"')
    body = "".join(f"<tr>{cells(list(row), 'td')}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class='wide'>{table}</div>"


def _policy(style: str, script: str) -> str:
    """What a browser is to hold the page to: what stands in it, and nothing from outside."""

    def only(text: str) -> str:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        return f"'sha256-{digest}'" if text else "'none'"

    return (
        f"default-src 'none'; style-src {only(style)}; script-src {only(script)}; "
        "img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )

"""Makes the pictures of docs/pictures: a chorale of Bach's, and what a model makes of it.

    python -m tests.bench.pictures MODEL OTHER [--out docs/pictures] [--chromium /usr/bin/chromium]

MODEL composes: `musegen train jsb-chorales` leaves one. OTHER is explained, and knows repeated
notes: `musegen train bach-chorales --backbone transformer --budget 1m`.
The chorale is of music21's corpus. Needs chromium, playwright and the extras `score` and `png`.
Fails where a page asks something of a network or complains on its console.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import music21
from PIL import Image
from playwright.sync_api import sync_playwright

from musegen.score.files import read, write

_CHORALE, _TITLE = "bach/bwv194.6", "J. S. Bach, chorale BWV 194.6"
_GIVEN, _NEW = 9, 8  # the first new bar, and how many
_WIDTH = 1200  # pixels
_COLOURS = 128
_NARROW = {"width": 400, "height": 800}
_WIDE = {"width": _WIDTH, "height": 720}


def musegen(*arguments: object) -> None:
    """Run the command."""
    subprocess.run([sys.executable, "-m", "musegen", *map(str, arguments), "-q"], check=True)


def save(png: bytes | Path, out: Path) -> None:
    """A picture no wider than `_WIDTH`, in few colours, so that it is small."""
    picture = Image.open(png if isinstance(png, Path) else io.BytesIO(png)).convert("RGB")
    if picture.width > _WIDTH:
        height = picture.height * _WIDTH // picture.width
        picture = picture.resize((_WIDTH, height), Image.Resampling.LANCZOS)
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(out, optimize=True)
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


def shot(browser: Any, page: Path, out: Path, keys: Iterable[str] = (), **look: Any) -> None:
    """A picture of a page after some keys."""
    troubles: list[str] = []
    context = browser.new_context(viewport=look.pop("viewport", _WIDE), **look)
    tab = context.new_page()
    tab.on("console", lambda message: troubles.append(message.text))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on("request", lambda request: request.url.startswith("http") and troubles.append(request))
    tab.goto(page.as_uri())
    for key in keys:
        tab.keyboard.press(key)
    tab.wait_for_timeout(200)
    save(tab.screenshot(), out)
    context.close()
    if troubles:
        raise SystemExit(f"{page.name}: {troubles}")


def main() -> None:
    """Make them all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed, piece = folder / "chorale.mid", folder / "piece.mid"
        write(replace(read(str(music21.corpus.getWork(_CHORALE))), title=_TITLE), seed)
        at = ("--continue-from", _GIVEN, "--bars", _NEW, "-n", 4)
        musegen("generate", "--seed", seed, "--model", asked.model, *at, "-o", piece)
        piece = folder / "piece-1.mid"
        musegen("convert", piece, folder / "roll.png")
        musegen("convert", piece, folder / "score.png", "--as", "score")
        musegen("convert", piece, folder / "page.html", "--as", "score")
        musegen("explain", seed, "--model", asked.other, "-o", folder / "explain.html")
        save(folder / "roll.png", asked.out / "roll.png")
        save(min(folder.glob("score*.png")), asked.out / "score.png")  # its first page
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=asked.chromium, args=["--no-sandbox"]
            )
            page, explained = folder / "page.html", folder / "explain.html"
            shot(browser, page, asked.out / "page.png")
            shot(browser, page, asked.out / "page-dark.png", color_scheme="dark")
            shot(browser, page, asked.out / "page-narrow.png", viewport=_NARROW)
            shot(browser, explained, asked.out / "explain.png", "n" * 30)
            browser.close()


if __name__ == "__main__":
    main()

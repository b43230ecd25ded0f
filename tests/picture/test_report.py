"""The page of a folder: whole, offline, safe against its own names, and the same as the figures."""

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from musegen.corpus.diagnosis import diagnose
from musegen.picture.plots import classes, columns_plot, rows_plot
from musegen.picture.report import report_page
from musegen.score.files import write
from musegen.score.key import pitch_name

EVIL = "</script><script>alert(1)</script><img src=x>\" onload='"
VOID = {"meta", "input", "br", "path", "rect"}


class Elements(HTMLParser):
    """Every element is closed, and nothing is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        for name, value in attrs:
            assert name not in ("src", "href", "srcset", "onload"), (tag, name, value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def checked(page: str) -> Elements:
    elements = Elements()
    elements.feed(page)
    elements.close()
    assert not elements.open
    assert "://" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|fetch\(|XMLHttp|innerHTML", page)
    return elements


def pieces(page: str) -> list[list[Any]]:
    found = re.search(r'id="pieces">(.*?)</script>', page, re.DOTALL)
    assert found
    rows: list[list[Any]] = json.loads(found[1])
    return rows


@pytest.fixture
def found(tmp_path: Path, make_corpus: Any, make_score: Any) -> dict[str, Any]:
    corpus = make_corpus(tmp_path / "corpus", "notes", 4)
    write(make_score("notes", 1), corpus / "twin.mid")
    (corpus / "<b>bold & broken.mid").write_bytes(b"MThd then nothing")
    (corpus / "cover.jpg").write_bytes(b"\xff\xd8")
    return diagnose(corpus)


def test_the_page_is_one_whole_document_that_fetches_nothing(found: dict[str, Any]) -> None:
    elements = checked(report_page(found, "my folder"))
    assert elements.names.count("svg") == 8
    assert elements.names.count("h1") == 1
    assert {"title", "caption", "noscript", "label"} <= set(elements.names)


def test_every_piece_is_on_the_page_with_what_is_said_of_it(found: dict[str, Any]) -> None:
    rows = pieces(report_page(found, "my folder"))
    assert [row[:2] for row in rows] == [[f["path"], f["status"]] for f in found["files"]]
    told = {row[0]: row[-1] for row in rows}
    assert told["twin.mid"] == "of 1.mid"
    assert told["<b>bold & broken.mid"]


def test_no_name_can_end_its_place(found: dict[str, Any]) -> None:
    found["files"][0]["path"] = EVIL
    found["others"] = [{"path": EVIL, "what": EVIL}]
    found["instruments"] = {EVIL: 3}
    found["leaks"] = [
        {"path": EVIL, "split": "train", "of": EVIL, "of_split": "valid", "shared": 1.0}
        | {"is_twin": True, "is_mended": False}
    ]
    page = report_page(found, EVIL)
    checked(page)
    assert EVIL not in page
    assert html.escape(EVIL) in page
    assert pieces(page)[0][0] == EVIL


def test_a_folder_of_which_nothing_is_kept_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "broken.mid").write_bytes(b"MThd then nothing")
    page = report_page(diagnose(tmp_path), "nothing")
    assert "svg" not in checked(page).names
    assert "No vocabulary fits" in page


def test_thousands_of_pieces_stay_a_small_page(found: dict[str, Any]) -> None:
    found["files"] = found["files"][:1] * 5000
    page = report_page(found, "many")
    assert len(pieces(page)) == 5000
    assert len(page) < 1_500_000
    assert page.count("<tr>") < 100


def heights(svg: str) -> list[float]:
    return [float(value) for value in re.findall(r'<rect[^>]* height="([\d.]+)"', svg)]


def test_bars_are_as_high_as_their_counts() -> None:
    svg = columns_plot([0, 10, 20, 5], {0: "a"}, ["a", "b", "c", "d"], "letters")
    nothing, *shown = heights(svg)
    assert nothing == 0
    assert [h / shown[1] for h in shown] == pytest.approx([0.5, 1, 0.25], abs=0.01)
    assert 'aria-label="letters. b: 10, c: 20, d: 5"' in svg


def test_the_largest_come_first_and_the_rest_as_one() -> None:
    svg = rows_plot({f"name {n}": n for n in range(1, 21)}, "names", most_rows=5)
    assert re.findall(r"<title>(.*?)</title>", svg) == [
        *(f"name {n}: {n}" for n in (20, 19, 18, 17)),
        f"16 others: {sum(range(1, 17))}",
    ]


def test_nothing_to_count_is_no_error() -> None:
    assert columns_plot([], {}, [], "nothing").endswith("</svg>")
    assert rows_plot({}, "nothing").endswith("</svg>")


def test_classes_hold_every_value_once() -> None:
    assert classes([1, 9, 10, 11, 99, 100, 5000], [10, 100]) == [2, 3, 2]


def test_pitches_have_the_names_that_musicians_give_them() -> None:
    assert [pitch_name(pitch) for pitch in (0, 60, 61, 69, 127)] == ["C-1", "C4", "C#4", "A4", "G9"]

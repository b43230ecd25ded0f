"""Sheet music: the right signs in the right number, which every program can draw."""

import re
import sys

import pytest

from musegen.errors import MissingExtra, OutputError
from musegen.picture.engraving import engraved
from musegen.picture.raster import png
from musegen.score.abc import read_book
from musegen.score.musicxml_write import write_musicxml
from musegen.score.score import Notes, Part, Score

TUNE = 'X:1\nT:A tune\nM:6/8\nL:1/8\nQ:1/4=90\nK:D\n"F#m"DFA dAF|"Bb"_B3 A3|]\n'
STRINGS = Score(
    480,
    (
        Part("Violin", 40, Notes.of([(0, 1440, 76, 80)])),
        Part("Viola", 41, Notes.of([(0, 1440, 60, 80)])),
        Part("Cello", 42, Notes.of([(0, 1440, 43, 80)])),
    ),
    metre=[(0, 3, 4)],
    key=[(0, -3, 0, 0)],
    barlines=[1440],
)


def drawn(svg: str, sign: str) -> int:
    """How often a sign of the music font, known by its code in SMuFL, stands on a page."""
    return len(re.findall(rf'href="#{sign}-', svg))


def test_clefs_key_metre_bars_and_notes_are_those_of_the_piece() -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    (page,) = engraved(write_musicxml(STRINGS))
    assert [drawn(page, clef) for clef in ("E050", "E05C", "E062")] == [1, 1, 1]
    assert drawn(page, "E260") == 3 * 3  # flats
    assert drawn(page, "E083") == 3  # a metre of three
    assert len(re.findall('class="measure"', page)) == 1
    assert len(re.findall('class="note"', page)) == 3


def test_cymbals_of_a_kit_have_heads_of_their_own_and_feet_their_stems_down() -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    rows = [(n * 240, 240, 42, 80) for n in range(8)]
    rows += [(0, 480, 36, 80), (480, 240, 38, 80), (960, 480, 36, 80), (1440, 240, 38, 80)]
    kit = Part("Kit", 0, Notes.of(rows), is_drums=True)
    (page,) = engraved(write_musicxml(Score(480, (kit,), barlines=[1920])))
    assert drawn(page, "E069") == 1  # the clef of percussion
    assert drawn(page, "E0A9") == 8  # x
    assert drawn(page, "E0A4") == 4
    assert page.count('class="layer"') == 2


def test_a_piece_ends_with_a_final_bar_line_unless_it_says_another() -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    ends = []
    for end in ("|", "|]", ":|"):
        (page,) = engraved(write_musicxml(read_book(TUNE.replace("|]", end))[0]))
        last = page[page.rindex('class="barLine') :]
        ends.append((last[: last.index("</g>")].count("<path"), drawn(page, "E044")))
    assert ends[0] == ends[1] != ends[2]


def test_signs_within_words_are_those_that_all_fonts_have() -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    (page,) = engraved(write_musicxml(read_book(TUNE)[0]))
    words = "".join(re.findall(r">([^<>]+)</tspan>", page))
    for sign in ("A tune", "F♯m", "B♭", "♩\xa0=\xa090"):
        assert sign in words
    assert not re.search("[\ue000-\uf8ff]", page)


def test_a_long_piece_has_pages_and_the_same_each_time() -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    long = write_musicxml(read_book(TUNE.replace("|]", "|" + "dAF DFA|" * 300 + "]"))[0])
    pages = engraved(long)
    assert len(pages) > 1
    assert engraved(long) == pages


def orchestra(bars: int) -> list[str]:
    """The pages of five parts; all but the first rest after the first bar."""
    pytest.importorskip("verovio", reason="verovio is not installed")
    first = Notes.of([(n * 1920, 1920, 76, 80) for n in range(bars)])
    rest = Notes.of([(0, 1920, 60, 80)])
    names = ("Violino I", "Violino II", "Viola", "Violoncello", "Contrabasso")
    parts = [Part(name, 40, rest if n else first) for n, name in enumerate(names)]
    return engraved(
        write_musicxml(Score(480, tuple(parts), barlines=range(1920, 1920 * bars, 1920)))
    )


def test_later_systems_have_short_names_and_no_staff_that_rests() -> None:
    pages = orchestra(300)
    assert "Violino I<" in pages[0]
    for page in pages[1:-1]:
        assert page.count('class="staff"') == page.count('class="measure"')
        assert page.count(">Vln. I<") == page.count('class="system"') > 0
        assert "Violino" not in page
    assert all(count(page, "staff") == 4 * count(page, "measure") for page in engraved(quartet(90)))


def quartet(bars: int) -> bytes:
    line, rest = (Notes.of([(n * 1920, 1920, 76, 80) for n in range(k)]) for k in (bars, 1))
    parts = [Part(f"Violin {n + 1}", 40, rest if n else line) for n in range(4)]
    return write_musicxml(Score(480, tuple(parts)))


def count(page: str, name: str) -> int:
    return page.count(f'class="{name}"')


def test_each_page_of_several_says_which_of_how_many_it_is() -> None:
    pages = orchestra(300)
    counters = [re.findall(r">(\d+ / \d+)</text>", page) for page in pages]
    assert counters == [[f"{n} / {len(pages)}"] for n in range(1, len(pages) + 1)]
    assert len(pages) > 1
    assert not any("–" in page for page in pages)
    assert "/ 1<" not in orchestra(2)[0]


def test_many_parts_have_larger_paper_so_that_a_system_fits_its_page() -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    notes = Notes.of([(0, 1920, 76, 80)])
    (page,) = engraved(write_musicxml(Score(480, (Part("Violin", 40, notes),) * 30)))
    width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', page)[0])
    assert height < 1.5 * width


def test_what_is_no_score_is_refused() -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    with pytest.raises(OutputError):
        engraved(b"<html/>")


def test_a_raster_draws_text_with_fonts_of_its_own() -> None:
    pytest.importorskip("resvg_py", reason="resvg-py is not installed")
    text = '<text x="2" y="9" font-family="sans-serif" font-size="8">♩ = 90</text>'
    empty, full = (
        png(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 12">{words}</svg>')
        for words in ("", text)
    )
    size = [int.from_bytes(full[place : place + 4], "big") for place in (16, 20)]
    assert size == [2000, 600]
    assert len(full) > 2 * len(empty)


def test_a_very_long_picture_is_narrower_so_that_programs_open_it() -> None:
    pytest.importorskip("resvg_py", reason="resvg-py is not installed")
    long = png('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 600"/>')
    assert int.from_bytes(long[20:24], "big") == 30_000


@pytest.mark.parametrize(("library", "extra"), [("verovio", "score"), ("resvg_py", "png")])
def test_without_the_library_the_way_to_it_is_told(
    library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra) as caught:
        engraved(b"") if extra == "score" else png("")
    assert f"pip install 'musegen[{extra}]'" in caught.value.hint

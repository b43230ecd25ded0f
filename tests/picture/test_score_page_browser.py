"""The page of a piece in a real browser: it opens from a file, sounds, obeys keys and buttons."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musegen.picture.score_page import score_page
from musegen.score.key import pitch_name
from musegen.score.score import Mark, Score
from musegen.sound.recipe import recipe
from musegen.sound.timbre import TIMBRES
from musegen.sound.tone import tone

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
    pytest.mark.slow,
]

COUNT_SOUNDS = """
window.begun = 0;
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  window.begun++;
  start.apply(this, when);
};
"""
NAME_OF = "it => it.ariaLabel || it.labels?.[0]?.innerText || it.innerText"
Open = Callable[..., Any]


def wait_until(page: Any, true: str, seconds: float = 20) -> None:
    """As playwright's wait_for_function, which asks for an eval that the page forbids."""
    for _ in range(round(seconds / 0.05)):
        if page.evaluate(true):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"still not so: {true}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """`(score, **more)` → its page, open; nothing may go wrong on it or be asked of a network."""
    context = browser.new_context()
    troubles: list[str] = []
    file = tmp_path / "piece.html"

    def open_page(score: Score, **more: Any) -> Any:
        file.write_text(score_page(score, recipe(score), **more), encoding="utf-8")
        page = context.new_page()
        page.add_init_script(COUNT_SOUNDS)
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        asked = lambda request: request.url == file.as_uri() or troubles.append(request.url)  # noqa: E731
        page.on("request", asked)
        page.goto(file.as_uri())
        return page

    yield open_page
    context.close()
    assert not troubles


def test_space_plays_and_pauses_and_the_cursor_moves(opened: Open, make_score: Any) -> None:
    page = opened(make_score("notes", 0))
    cursor = page.locator("#cursor")
    before = cursor.get_attribute("style")
    page.keyboard.press("Space")
    wait_until(page, "player.now > 0.5")
    assert page.evaluate("begun") > 4
    assert page.locator("#play").inner_text() == "Pause"
    wait_until(page, f"found('cursor').getAttribute('style') !== {before!r}")
    page.keyboard.press("Space")
    stood = page.evaluate("player.now")
    assert page.locator("#play").inner_text() == "Play"
    page.wait_for_timeout(150)
    assert page.evaluate("player.now") == stood > 0.5


def test_arrows_go_by_bars_and_a_click_goes_where_it_points(opened: Open, make_score: Any) -> None:
    page = opened(make_score("notes", 0))
    clock = page.locator("#clock")
    for key, bar in (
        ("ArrowRight", 2),
        ("ArrowRight", 3),
        ("ArrowLeft", 2),
        ("End", 4),
        ("Home", 1),
    ):
        page.keyboard.press(key)
        assert clock.inner_text().startswith(f"bar {bar} ")
    x = page.evaluate("roll.x(piece.barlines[1] + 1)")
    page.locator("#lit").click(position={"x": x, "y": 60})
    assert clock.inner_text().startswith("bar 3 ")


def test_every_control_has_a_name_and_is_reached_by_tab(opened: Open, make_score: Any) -> None:
    page = opened(make_score("notes", 0))
    names = []
    for _ in range(7 + 1 + 2 * 4):
        page.keyboard.press("Tab")
        names.append(page.evaluate(f"({NAME_OF})(document.activeElement)"))
    assert all(names)
    assert [name for name in names if "Mute" in name] == [
        *("Mute Flute", "Mute Piano", "Mute Bass", "Mute Drums")
    ]


def test_parts_in_unison_are_both_seen(opened: Open, make_score: Any) -> None:
    score = make_score("grid", 0)
    first, second, third = score.parts
    page = opened(replace(score, parts=(first, replace(second, notes=first.notes), third)))
    box = "piece.parts.map((part) => roll.box(part, 0))"
    (x, top, _, high), (other_x, other_top, _, other_high), (*_, alone) = page.evaluate(box)
    assert x == other_x
    assert top + high <= other_top + 1e-6
    assert high == other_high == pytest.approx(alone / 2)
    page.locator("#apart").click()
    (*_, high), (*_, other_high), (*_, alone) = page.evaluate(box)
    assert high == other_high == alone


def test_a_muted_part_falls_silent_and_a_solo_silences_the_others(
    opened: Open, make_score: Any
) -> None:
    page = opened(make_score("notes", 0))
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Mute Flute").click()
    wait_until(page, "player.channels[0].gate.gain.value < 0.01")
    assert page.evaluate("player.channels[1].gate.gain.value") == 1
    page.get_by_role("button", name="Solo Bass").click()
    assert page.evaluate("piece.parts.map((_, i) => player.isHeard(i))") == [
        False,
        False,
        True,
        False,
    ]
    pressed = page.locator("#parts [aria-pressed=true]")
    assert pressed.all_inner_texts() == ["Mute", "Solo"]


def test_a_faster_tempo_is_told_and_kept(opened: Open, make_score: Any) -> None:
    page = opened(make_score("notes", 0))
    page.get_by_label("Tempo").fill("200")
    assert "♩ = 200" in page.locator("#clock").inner_text()
    page.get_by_role("button", name="Play").click()
    wait_until(page, "!player.isPlaying")
    assert page.evaluate("player.now === piece.seconds")
    assert page.locator("#play").inner_text() == "Play"


def test_words_of_the_piece_are_text_and_a_note_tells_of_itself(
    opened: Open, make_score: Any
) -> None:
    score = replace(make_score("notes", 0), title="<script>alert(1)</script>")
    score = replace(score, parts=(replace(score.parts[0], name="<b>Flute"), *score.parts[1:]))
    page = opened(score, new=[(384, score.end, None)])
    assert page.locator("h1").inner_text() == score.title
    assert page.locator("#parts li span").first.inner_text() == "<b>Flute (Flute)"
    for note, is_new in ((0, False), (-1, True)):
        x, y, *_ = page.evaluate(f"roll.box(piece.parts[0], {note % len(score.parts[0].notes)})")
        page.locator("#lit").hover(position={"x": x + 1, "y": y + 1})
        told = page.locator("#told").inner_text()
        called = pitch_name(int(score.parts[0].notes.pitch[note])).replace("#", "♯")
        assert told.startswith(f"<b>Flute\n{called.replace('b', '♭')}\n")
        assert ("composed" in told) == is_new


@pytest.mark.parametrize(
    ("program", "pitch", "velocity"), [(52, 60, 90), (13, 72, 40), (0, 40, 120)]
)
def test_a_tone_is_that_of_the_synthesiser(
    opened: Open, make_score: Any, program: int, pitch: int, velocity: int
) -> None:
    score = make_score("abc", 0)
    page = opened(replace(score, parts=(replace(score.parts[0], program=program),)))
    ask = "([program, pitch, velocity]) => { const t = new Tones(player.recipe, 44100); "
    ask += "return [...t.tone(t.timbres[program], pitch, t.touchOf(velocity), 22050)]; }"
    heard = page.evaluate(ask, [program, pitch, velocity])
    wanted = tone(TIMBRES[program], pitch, velocity * 4 // 128, 22050, 44100)
    assert np.corrcoef(heard, wanted)[0, 1] > 0.99
    assert np.std(heard) == pytest.approx(np.std(wanted), rel=0.03)


def test_a_piece_without_notes_opens_and_plays(opened: Open, make_score: Any) -> None:
    score = replace(make_score("abc", 0), parts=())
    page = opened(score)
    page.keyboard.press("Space")
    page.wait_for_timeout(200)


def test_no_name_in_a_piece_is_taken_for_the_page_s_own_code(opened: Open, make_score: Any) -> None:
    """Neither in the page nor in the script and style elements that hold what is told."""
    hostile = "</script></style>]]><script>window.taken = 1</script><img src=x onerror=taken=1>\"'&"
    score = make_score("notes", 0)
    parts = tuple(replace(part, name=f"{hostile}{n}") for n, part in enumerate(score.parts))
    marks = (Mark(0, "lyric", hostile, 0), Mark(0, "chord", hostile, 0))
    score = replace(score, title=hostile, parts=parts, marks=marks)
    page = opened(score, made=[(hostile, hostile)], title=hostile)
    page.wait_for_selector("#roll svg, #roll canvas, canvas")
    assert page.evaluate("window.taken") is None
    assert page.title().startswith(hostile[:40])
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert hostile[:20] in page.inner_text("body")

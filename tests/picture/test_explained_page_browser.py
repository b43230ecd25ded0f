"""The page of what a model makes of a piece, in a real browser."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .test_explained_page import explained

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
    pytest.mark.slow,
]
Open = Callable[..., Any]
IS_DRAWN = """() => {
  const notes = looked.flatMap(([word]) => (whole.words[word] || []).slice(2));
  const [x, y] = roll.box(...byNumber[notes[0]]);
  return roll.lit.getContext("2d").getImageData(x - 1, y - 1, 3, 3).data.some((value) => value > 0);
}"""


@pytest.fixture
def opened(tmp_path: Path, make_score: Any) -> Iterator[Open]:
    """`(kind, backbone)` → the page, open; nothing may go wrong on it or be asked of a network."""
    troubles: list[str] = []
    file = tmp_path / "piece.html"
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()

        def open_page(kind: str, backbone: str) -> Any:
            html, _ = explained(make_score(kind, 0, bars=8), kind, tmp_path, backbone)
            file.write_text(html, encoding="utf-8")
            page.on("console", lambda message: troubles.append(message.text))
            page.on("pageerror", lambda error: troubles.append(str(error)))
            asked = lambda request: request.url == file.as_uri() or troubles.append(request.url)  # noqa: E731
            page.on("request", asked)
            page.goto(file.as_uri())
            return page

        yield open_page
        browser.close()
    assert not troubles


def hover(page: Any, part: int, index: int) -> None:
    x, y, *_ = page.evaluate(f"roll.box(piece.parts[{part}], {index})")
    page.locator("#lit").hover(position={"x": x + 1, "y": y + 1})


@pytest.mark.parametrize("kind", ["grid", "notes"])
def test_a_note_that_is_pointed_at_tells_its_nats_and_what_it_attended_to(
    opened: Open, kind: str
) -> None:
    page = opened(kind, "transformer")
    hover(page, 0, 6)
    assert f"{page.evaluate('piece.parts[0].nats[6]'):.2f} nats" in page.inner_text("#which")
    assert page.locator("#fields tr").count() > 1
    assert page.locator("#past li").count() > 1
    assert page.evaluate("looked.length") > 1
    assert page.evaluate(IS_DRAWN)


def test_a_layer_and_a_head_are_chosen(opened: Open) -> None:
    page = opened("notes", "transformer")
    hover(page, 0, 6)
    page.get_by_label("Layer").select_option("layer 2")
    page.get_by_label("Head").select_option("head 1")
    assert page.evaluate("looked.map(([word]) => word)") == page.evaluate(
        "piece.parts[0].heads[6][2].filter((_, at) => at % 2 === 0)"
    )
    page.get_by_label("Head").press("ArrowDown")
    assert page.evaluate("player.now") == 0


def test_of_a_recurrent_model_a_curve_tells_how_far_back_it_reaches(opened: Open) -> None:
    page = opened("abc", "lstm")
    hover(page, 0, 6)
    assert page.locator("#past path").count() == 2
    assert page.get_by_label("Layer").is_hidden()


def test_keys_go_from_note_to_note_and_buttons_to_bars(opened: Open) -> None:
    page = opened("notes", "transformer")
    page.keyboard.press("n")
    assert " bar " in page.inner_text("#which")
    first = page.inner_text("#which")
    page.keyboard.press("n")
    assert page.inner_text("#which") != first
    page.keyboard.press("p")
    assert page.inner_text("#which") == first
    bar = page.locator("#bars button").first
    bar.click()
    assert page.inner_text("#clock").startswith(f"{bar.inner_text().lower()} ")
    assert f"{bar.inner_text().lower()}:" in page.inner_text("#which")


def test_the_most_surprising_note_in_sight_is_explained_from_the_first(opened: Open) -> None:
    page = opened("notes", "transformer")
    most = "Math.max(...inTime.filter(([p, i]) => p.onset[i] < roll.to).map(([p, i]) => p.nats[i]))"
    assert f"{page.evaluate(most):.2f} nats" in page.inner_text("#which")
    assert "100" not in page.inner_text("#which").split("more than")[1]


def test_the_edge_of_a_note_has_the_colour_of_its_part(opened: Open) -> None:
    page = opened("grid", "lstm")
    hue = """(part) => {
      const [x, y, , high] = roll.box(piece.parts[part], 0), at = devicePixelRatio;
      const copy = Object.assign(document.createElement("canvas"), { width: x + 9, height: y + 9 });
      const pen = copy.getContext("2d", { willReadFrequently: true });
      pen.drawImage(roll.ground, 0, 0);
      const [r, g, b] = pen.getImageData((x + 1) * at, (y + high / 2) * at, 1, 1).data;
      return "#" + [r, g, b].map((value) => value.toString(16).padStart(2, "0")).join("");
    }"""
    for part in range(3):
        assert page.evaluate(hue, part) == page.evaluate(f"roll.colours[{part}]")
        swatch = page.locator("#parts li b").nth(part)
        assert swatch.is_visible()
    assert page.locator("#edges").is_visible()
    page.get_by_text("Parts apart").click()
    assert page.evaluate(hue, 0) != page.evaluate("roll.colours[0]")


@pytest.mark.parametrize("width", [1280, 400])
def test_the_roll_and_what_explains_it_hide_nothing_of_each_other(opened: Open, width: int) -> None:
    page = opened("notes", "transformer")
    page.set_viewport_size({"width": width, "height": 800})
    boxes = [page.locator(name).bounding_box() for name in ("#roll", "#scale", "#parts", "#note")]
    for n, one in enumerate(boxes):
        assert one["x"] >= 0
        assert one["x"] + one["width"] <= width
        for other in boxes[:n]:
            apart = [
                one[at] >= other[at] + other[size] - 1 or other[at] >= one[at] + one[size] - 1
                for at, size in (("x", "width"), ("y", "height"))
            ]
            assert any(apart)


def test_colours_follow_surprise_by_day_and_by_night(opened: Open) -> None:
    page = opened("grid", "lstm")
    colours = "[0, 1e9].map(n => roll.colourOf({ nats: [n] }, 0))"
    day = page.evaluate(colours)
    assert day[0] != day[1]
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(100)
    assert page.evaluate(colours) != day

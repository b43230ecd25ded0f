"""What an ABC file may hold beyond notes, one example each, by the standard 2.1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.score.abc import read_book
from musegen.score.abc_lyrics import aligned, words_line
from musegen.score.abc_text import escaped, plain
from musegen.score.musicxml_unread import TRANSPOSED
from musegen.score.score import Score

EIGHTH = 240


def tune(music: str, header: str = "M:4/4\nL:1/8\nK:C") -> Score:
    return read_book(f"X:1\n{header}\n{music}\n")[0]


def marks(score: Score, *kinds: str) -> list[tuple[float, str]]:
    """When, in eighths, which marks of the kinds stand."""
    return [(mark.tick / EIGHTH, mark.text) for mark in score.marks if mark.kind in kinds]


def pitches(score: Score, part: int = 0) -> list[int]:
    return score.parts[part].notes.pitch.tolist()


@pytest.mark.parametrize(
    ("words", "sung"),
    [
        ("one two three four", ["one", "two", "three", "four"]),
        ("syl-la-ble", ["syl-", "la-", "ble", ""]),
        ("time __ la", ["time", "", "", "la"]),
        ("hel--lo *la", ["hel-", "", "lo", ""]),
        ("a | b", ["a", "", "b", ""]),
        ("of~the day", ["of the", "day", "", ""]),
        ("caf\\'e na\\-na", ["café", "na-na", "", ""]),
    ],
)
def test_words_are_sung_to_the_notes_above_them(words: str, sung: list[str]) -> None:
    score = tune(f"c4 z{{g}}d3|[eg]4 f4|\nw:{words}")
    at = dict(zip((0, 5, 8, 12), sung, strict=True))
    assert marks(score, "lyric") == [(tick, text) for tick, text in at.items() if text]


@given(st.lists(st.sampled_from(["la", "a-", "of the", "", "na-na", "x_y", "*", "|", "é", "\\'e"])))
def test_written_words_are_read_the_same(syllables: list[str]) -> None:
    sung, too_many = aligned(words_line(syllables), [(n, 0) for n in range(len(syllables))])
    assert sung == [(place, text) for place, text in enumerate(syllables) if text]
    assert too_many == 0


def test_only_a_word_that_goes_on_is_held() -> None:
    assert words_line(["la", "", "lo-", "", "ve", "", ""]) == "la * lo--ve"
    assert words_line(["", "A-", ""]) == "* A-"


def test_a_later_verse_and_words_without_a_note_are_counted() -> None:
    score = tune("c4 d4|\nw:one two three\nw:a b")
    assert marks(score, "lyric") == [(0, "one"), (4, "two")]
    assert score.unread == {"syllables of later verses": 2, "syllables without a note": 1}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (r"Caf\'e", "Café"),
        ("Caf&eacute; &amp; Bar", "Café & Bar"),
        (r"\u00e9t\'e", "été"),
        (r"50\%", "50%"),
        (r"S\oren, \ss, \/O", "S\\oren, ß, Ø"),
        (r"\cc\~n\vs", "çñš"),
        ("R & B", "R & B"),
    ],
)
def test_escapes_and_entities_are_read(text: str, meant: str) -> None:
    assert plain(text) == meant
    assert tune("A", f"T:{text}\nK:C").title == meant


@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=12))
def test_any_words_are_written_so_that_they_are_read_the_same(text: str) -> None:
    assert plain(escaped(text)) == text


@pytest.mark.parametrize(
    ("property_", "shift"),
    [("clef=treble-8", -12), ("treble+8", 12), ("octave=-2", -24), ("transpose=3", 3), ("bass", 0)],
)
def test_a_clef_may_shift_a_voice(property_: str, shift: int) -> None:
    assert pitches(tune("V:1\nC", f"V:1 {property_}\nK:C")) == [60 + shift]
    assert pitches(tune("C", f"K:C {property_}")) == [60 + shift]
    assert pitches(tune(f"F[K:{property_}]F", "K:G")) == [66, 66 + shift]


@pytest.mark.parametrize(
    ("header", "moved"),
    [
        ("%%MIDI transpose 2\nK:C", 1),
        ("V:1 transpose=-2\nV:2\nK:C\nV:1", 1),
        ("V:1 clef=treble-8\nK:C", 0),
        ("K:C octave=1", 1),
    ],
)
def test_a_transposition_that_is_carried_out_is_told(header: str, moved: int) -> None:
    assert tune("C4|", header).unread.get(TRANSPOSED, 0) == moved


@pytest.mark.parametrize(
    ("key", "music", "n"),
    [
        ("Ab", "_A=B_c^B|E__E^^F_F|", 5),
        ("D", "^G^A=c=f|", 0),
        ("G", "_e2e2|e4|", 2),
        ("C", "^c-c_d{_d}|", 2),
        ("D exp ^f _b", "FBC|", 0),
    ],
)
def test_notes_that_are_written_with_another_letter_are_counted(
    key: str, music: str, n: int
) -> None:
    assert tune(music, f"K:{key}").unread.get("spellings of notes", 0) == n


def test_midi_directives_name_the_instrument() -> None:
    header = "K:C\n%%MIDI transpose 12\nV:1\n%%MIDI program 1 73\nV:2\nI:MIDI channel 10\n%%score 1"
    score = tune("V:1\nC4|\nV:2\nD4|", header)
    assert [(part.program, part.is_drums) for part in score.parts] == [(73, False), (0, True)]
    assert score.unread == {"directives": 1}


def test_user_symbols_stand_for_ornaments() -> None:
    score = tune("TA HB nC", 'U:T = !trill!\nU:n = !nil!\nU:m = !a"b!\nK:C')
    assert score.unread == {"symbols that are no ornaments": 1}
    assert marks(score, "ornament") == [(0, "!trill!"), (1, "H")]


def test_ornaments_graces_and_chord_symbols_are_kept() -> None:
    score = tune('"Am"~A {gf}!turn!B +fermata+c .d u"^up"e')
    assert marks(score, "ornament") == [
        *((0, "~"), (1, "!turn!"), (2, "!fermata!"), (3, "."), (4, "u")),
    ]
    assert marks(score, "grace") == [(1, "{gf}")]
    assert marks(score, "chord") == [(0, "Am")]
    assert score.unread == {"remarks": 1}


def test_old_chords_between_plus_signs_are_chords() -> None:
    assert pitches(tune("+E3A3+ c")) == [64, 69, 72]


@pytest.mark.parametrize(
    ("key", "music", "heard"),
    [
        ("D exp _b ^f", "FBC", [66, 70, 60]),
        ("G =f", "FB", [65, 71]),
        ("none", "F", [65]),
        ("Hp", "fcg", [78, 73, 79]),
        ("", "F", [65]),
    ],
)
def test_explicit_keys_are_obeyed(key: str, music: str, heard: list[int]) -> None:
    assert pitches(tune(music, f"K:{key}")) == heard


def test_a_free_metre_is_kept_as_a_mark() -> None:
    score = tune("A|BcdefgA|[M:3/4]A6|[M:none]A|", "M:none\nL:1/8\nK:C")
    assert marks(score, "metre") == [(0, "free"), (8, "strict"), (14, "free")]


@pytest.mark.parametrize(
    ("sign", "found"),
    [
        ("::", {"start", "end"}),
        (":|:", {"start", "end"}),
        (":||:", {"start", "end"}),
        ("|:", {"start"}),
        ("||:", {"start"}),
        (":|", {"end"}),
        (":|]", {"end"}),
        ("[|]:|", {"end"}),
        (".|", set()),
        ("[|", set()),
    ],
)
def test_bar_lines_of_every_form_are_read(sign: str, found: set[str]) -> None:
    score = tune(f"A8{sign}B8|]")
    assert {text for _, text in marks(score, "repeat")} == found
    assert (score.barlines / EIGHTH).tolist() == [8, 16]


def test_what_the_header_of_a_book_says_is_said_of_each_of_its_tunes() -> None:
    header = "T:Book\nM:3/4\nC:Me\nO:Ireland\nU:T=!mordent!\n%%scale 0.7\n%%MIDI program 40\n"
    tunes = read_book(f"{header}\nX:1\nT:One\nK:C\nTA6|\n\nW:words\n\nX:2\nT:Two\nK:C\nTA6|\n")
    unread = {"composers": 1, "directives": 1, "origins": 1, "titles of the book": 1}
    for score, title in zip(tunes, ("One", "Two"), strict=True):
        assert (score.title, score.unread, score.parts[0].program) == (title, unread, 40)
        assert score.metre.tolist() == [[0, 3, 4]]
        assert marks(score, "ornament") == [(0, "!mordent!")]


def test_what_has_no_place_is_counted() -> None:
    header = 'T:One\nT:Two\nC:Me\nR:reel\nP:AB\nm:~G=GAG\nQ:"Allegro"\nM:4/4\nL:1/8\nK:C'
    score = tune("P:A\n(AB) ^/A|::A:|::|\ns:!f! *\nW:words after\nr:a comment", header)
    assert score.title == "One"
    assert score.unread == {
        "composers": 1,
        "further titles": 1,
        "macros": 1,
        "orders of parts (not played)": 1,
        "part labels": 1,
        "quarter tones": 1,
        "repeats played more than twice": 2,
        "rhythms": 1,
        "slurs": 1,
        "symbol lines": 1,
        "tempo words": 1,
        "words after the tune": 1,
    }


@pytest.mark.parametrize("voices", ["V:1\nV:2\n", ""])
def test_what_the_header_says_counts_once_for_all_voices(voices: str) -> None:
    header = f'M:4/4\nL:1/8\nQ:"Allegro"\n{voices}K:C'
    score = tune('V:1\nA8|\nV:2\nA8|[Q:"Presto"]A8|', header)
    assert len(score.parts) == 2
    assert score.unread == {"tempo words": 2}


def test_a_line_goes_on_after_a_backslash_and_words_reach_over_it() -> None:
    score = tune("A4 \\\nB4|\nw:one two")
    assert marks(score, "lyric") == [(0, "one"), (4, "two")]
    assert score.barlines.tolist() == [8 * EIGHTH]


def test_a_full_bar_ends_with_its_line_but_its_accidentals_hold() -> None:
    score = tune("^F8\nF8|F8|")
    assert (score.barlines / EIGHTH).tolist() == [8, 16, 24]
    assert pitches(score) == [66, 66, 65]


def test_ties_reach_over_bars_lines_and_chords() -> None:
    score = tune("[CE]4- [C-E]4|\n[CG]8|")
    rows = [(row[0] // EIGHTH, row[1] // EIGHTH, row[2]) for row in score.parts[0].notes.rows]
    assert rows == [(0, 16, 60), (0, 8, 64), (8, 8, 67)]

"""Volume, expression, pan and pitch bend are heard; what else a player would heed is counted."""

import numpy as np
import pytest

from musegen.score.repeats import unfold
from musegen.score.score import Event, Mark, Notes, Part, Score
from musegen.sound.controls import not_sounded
from musegen.sound.synthesiser import render
from musegen.sound.tone import hertz_of

RATE = 22_050
FLUTE, ORGAN = 78, 16  # a whistle is nearly one partial, and an organ stays as loud
LONG = Notes.of([(0, 40, 69, 80)])  # two seconds
VOLUME, PAN, EXPRESSION = 7, 10, 11


def control(number: int, value: int, tick: int = 0) -> Event:
    return Event(tick, bytes([0xB0, number, value]))


def bend(value: int, tick: int = 0) -> Event:
    """A bend by −8192 to 8191."""
    return Event(tick, bytes([0xE0, value + 8192 & 0x7F, value + 8192 >> 7]))


def heard(*events: Event, program: int = FLUTE, notes: Notes = LONG, **of_part) -> np.ndarray:
    """A part's sound (S, 2), ten ticks lasting half a second."""
    return render(Score(10, (Part("", program, notes, events=events, **of_part),)), RATE)


def hertz(samples: np.ndarray, seconds: float) -> float:
    """The strongest frequency in half a second from some seconds on."""
    window = samples[round(seconds * RATE) :][: RATE // 2].sum(axis=1)
    spectrum = np.abs(np.fft.rfft(window * np.hanning(len(window)), 2**18))
    return float(spectrum.argmax() * RATE / 2**18)


def decibels(samples: np.ndarray, seconds: float) -> float:
    """The level of half a second from some seconds on."""
    window = samples[round(seconds * RATE) :][: RATE // 2]
    return float(10 * np.log10((window**2).sum()))


def lean(samples: np.ndarray) -> float:
    """How much louder it is on the right, −1 to 1."""
    left, right = (samples.astype(np.float64) ** 2).sum(axis=0)
    return float((right - left) / (right + left))


@pytest.mark.parametrize("value", [-8192, -4096, -1, 1, 4096, 8191])
def test_a_bend_bends_by_two_semitones_at_most(value):
    assert hertz(heard(bend(value)), 0.5) == pytest.approx(hertz_of(69 + value / 4096), rel=0.002)


def test_a_bend_reaches_as_far_as_it_is_told():
    reach = [control(101, 0), control(100, 0), control(6, 12), control(38, 50)]
    assert hertz(heard(*reach, bend(-4096)), 0.5) == pytest.approx(hertz_of(69 - 6.25), rel=0.002)
    other = [control(101, 0), control(100, 1), control(6, 12)]  # fine tuning
    assert hertz(heard(*other, bend(-4096)), 0.5) == pytest.approx(hertz_of(68), rel=0.002)


def test_a_bend_moves_while_a_note_is_held_and_is_undone():
    sound = heard(bend(4096, tick=15), bend(0, tick=30))
    found = [hertz(sound, seconds) for seconds in (0.2, 0.9, 1.6)]
    assert found == pytest.approx([hertz_of(p) for p in (69, 70, 69)], rel=0.002)


def test_a_note_bent_high_lasts_as_long_as_it_is_held():
    sound = heard(control(101, 0), control(100, 0), control(6, 24), bend(8191))
    assert decibels(sound, 1.4) == pytest.approx(decibels(sound, 0.4), abs=1.5)


@pytest.mark.parametrize("number", [VOLUME, EXPRESSION])
def test_half_a_value_is_twelve_decibels(number):
    sound = heard(control(number, 100), control(number, 50, tick=20), program=ORGAN)
    step = decibels(sound, 0.4) - decibels(sound, 1.4)
    assert step == pytest.approx(40 * np.log10(2), abs=1)


def test_parts_are_balanced_by_their_volumes():
    def ratio(volume: int) -> float:
        low, high = Notes.of([(0, 40, 57, 80)]), Notes.of([(0, 40, 81, 80)])
        parts = (Part("", FLUTE, low, events=(control(VOLUME, volume),)), Part("", FLUTE, high))
        window = render(Score(10, parts), RATE)[RATE // 2 : RATE].sum(axis=1)
        spectrum = np.abs(np.fft.rfft(window * np.hanning(len(window)), RATE))
        return float(spectrum[205:235].max() / spectrum[860:900].max())

    assert 20 * np.log10(ratio(100) / ratio(25)) == pytest.approx(40 * np.log10(4), abs=1)


def test_a_part_without_volume_is_silent():
    assert not heard(control(VOLUME, 0)).any()


def test_pan_puts_a_part_on_its_side_and_in_the_middle():
    leans = [lean(heard(control(PAN, value))) for value in (0, 32, 64, 96, 127)]
    assert leans == sorted(leans)
    assert leans[2] == pytest.approx(0, abs=0.1)  # the room leans a little
    assert min(-leans[0], leans[-1]) > 0.7


def test_a_change_of_volume_does_not_click():
    leap = heard(control(VOLUME, 127), control(VOLUME, 20, tick=20))
    still = heard(control(VOLUME, 127))
    around = slice(RATE - 300, RATE + 300)
    assert abs(np.diff(leap[around], axis=0)).max() < 1.2 * abs(np.diff(still, axis=0)).max()


def test_parts_of_one_channel_obey_the_same_messages():
    quiet = Notes.of([(0, 20, 69, 80)])
    later = Notes.of([(20, 20, 69, 80)])
    told = (control(PAN, 0),)
    parts = [
        Part("", program, notes, events=events, channel=3)
        for program, notes, events in ((FLUTE, quiet, told), (ORGAN, later, ()))
    ]
    assert lean(render(Score(10, tuple(parts)), RATE)[RATE:]) < -0.5


def test_a_reset_undoes_expression_and_bend():
    sound = heard(control(EXPRESSION, 40), bend(8191), control(121, 0, tick=20))
    assert hertz(sound, 1.4) == pytest.approx(440, rel=0.002)
    assert decibels(sound, 1.4) > decibels(sound, 0.4) + 10


def test_drums_are_not_bent():
    stroke = Notes.of([(0, 5, 38, 90)])
    drums = [heard(*told, notes=stroke, is_drums=True) for told in ((), (bend(8191),))]
    np.testing.assert_array_equal(*drums)


def test_dynamics_are_told_where_no_note_obeys_them_and_hairpins_always():
    texts = ((0, "!p!"), (0, "!crescendo(!"), (40, "!crescendo)!"), (40, "!f!"), (40, "!trill!"))
    marks = tuple(Mark(tick, "ornament", text) for tick, text in texts)
    told = []
    for loudness in (90, 50):
        notes = Notes.of([(0, 40, 60, 50), (40, 40, 60, loudness)])
        told.append(not_sounded(Score(10, (Part("", 0, notes),), marks=marks)))
    assert told[0] == {"hairpins": 1, "ornaments": 1}
    assert told[1] == told[0] | {"dynamics": 2}


def test_what_is_heard_is_not_counted_and_what_is_not_is_counted_once():
    sounded = [control(number, 0) for number in (7, 10, 11, 101, 100, 6, 38, 121)] + [bend(5)]
    silent = [control(1, 3), control(91, 40), Event(0, b"\xd0\x05"), Event(0, b"\xf0\x01\xf7")]
    words = Event(0, b"\xff\x01hello")
    part = Part("", 0, LONG, events=(*sounded, *silent, words))
    marks = (Mark(0, "grace", "{g}"), Mark(0, "lyric", "la"), Mark(40, "repeat", "end"))
    score = Score(10, (part,), barlines=[40], marks=marks)
    once = {"aftertouch messages": 1, "controllers": 2, "exclusive messages": 1, "graces": 1}
    assert not_sounded(score) == once
    assert not_sounded(unfold(score))["graces"] == 2
    assert not_sounded(Score(10, (Part("", 0, LONG, events=tuple(sounded)),))) == {}

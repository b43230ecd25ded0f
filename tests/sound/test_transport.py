"""What is played in real time is what the file says, when it says it, whatever keys are pressed."""

import io
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.score.abc import read_book
from musegen.score.midi import read_midi, write_midi
from musegen.score.repeats import played_bars, unfold
from musegen.score.score import Event, Notes, Part, Score, barlines_of_metre
from musegen.score.tempo import seconds_at
from musegen.sound.midi_out import MidiOut
from musegen.sound.timeline import timed_messages
from musegen.sound.transport import TEMPO_STEP, Transport

TUNE = "X:1\nT:t\nM:4/4\nL:1/4\nQ:1/4=60\nK:C\nC|:DEFG|1 A4:|2 B4|]\n"
METRE = np.array([[0, 4, 4]])
SLOWING = Score(
    10,
    (
        Part("Flute", 73, Notes.of([(t, 10, 60 + t // 10, 90) for t in range(0, 160, 10)])),
        Part("Bass", 32, Notes.of([(0, 40, 40, 80), (40, 120, 41, 80)]), pedal=[[0, 127], [80, 0]]),
    ),
    tempo=np.array([[0, 1_000_000], [80, 2_000_000]]),
    barlines=barlines_of_metre(METRE, 160, 10),
)  # bars begin at 0, 4, 8 and 16 seconds; it ends at 24


class World:
    """A clock that only sleeping moves, a listener with a plan, and all that was sent when."""

    def __init__(
        self, score: Score, plan: dict[float, str] | None = None, oversleeps=0.0, tail=0.0
    ) -> None:
        self.now, self.began = 1000.0, 1000.0
        self.plan = sorted((plan or {}).items())
        self.oversleeps = oversleeps
        self.sent: list[tuple[float, bytes]] = []
        messages = timed_messages(score)
        bars = seconds_at(score, [tick for tick, _ in played_bars(score)]).tolist()
        out = MidiOut(messages, self.take)
        end = float(seconds_at(score, score.end))
        self.transport = Transport(messages, out, bars, end, lambda: self.now, self.sleep, tail)

    def take(self, message: bytes) -> None:
        self.sent.append((round(self.now - self.began, 9), message))

    def sleep(self, seconds: float) -> None:
        self.now += seconds + self.oversleeps

    def command(self) -> str | None:
        if self.plan and self.now - self.began >= self.plan[0][0] - 1e-9:
            return self.plan.pop(0)[1]
        return None

    def play(self, start: float = 0.0) -> list[tuple[float, bytes]]:
        self.transport.play(start, self.command)
        return self.sent

    def onsets(self, channel: int = 0) -> list[tuple[float, int]]:
        return [(s, m[1]) for s, m in self.sent if m[0] == 0x90 | channel and m[2]]


def test_what_dies_away_after_the_end_is_waited_for_and_not_counted():
    for tail in (0.0, 2.5):
        world = World(SLOWING, tail=tail)
        world.play()
        assert world.now - world.began == pytest.approx(24 + tail, abs=0.03)
        assert world.transport.heard == pytest.approx(24, abs=0.03)
        assert world.transport.position == 24


def sounding(sent: list[tuple[float, bytes]]) -> Counter:
    """What was begun and not ended."""
    left: Counter = Counter()
    for _, message in sent:
        if message[0] & 0xF0 == 0x90 and message[2]:
            left[message[0] & 0xF, message[1]] += 1
        elif message[0] & 0xF0 in (0x80, 0x90):
            left[message[0] & 0xF, message[1]] -= 1
    return +left


def oracle(data: bytes) -> list[tuple[float, bytes]]:
    """The messages of a MIDI file and their seconds, as mido plays them."""
    found, now = [], 0.0
    for message in mido.MidiFile(file=io.BytesIO(data)):
        now += message.time
        if not message.is_meta:
            found.append((round(now, 6), bytes(message.bytes())))
    return found


def of_channel(messages: list[tuple[float, bytes]], channel: int) -> list[tuple[float, bytes]]:
    return [(round(s, 6), m) for s, m in messages if m[0] < 0xF0 and m[0] & 0xF == channel]


@pytest.mark.parametrize("kind", ["abc", "midi", "drums", "exclusive"])
def test_what_is_sent_is_what_the_file_holds_in_order_and_on_time(kind: str, make_score: Callable):
    reset = Event(0, bytes([0xF0, 0x7E, 0x7F, 0x09, 0x01, 0xF7]))
    score = {
        "abc": lambda: read_book(TUNE)[0],
        "midi": lambda: read_midi(write_midi(SLOWING)),
        "drums": lambda: make_score("notes", 1),
        "exclusive": lambda: replace(SLOWING, events=(reset,)),
    }[kind]()
    played = unfold(score)
    expected = oracle(write_midi(played))
    sent = World(played).play()
    for channel in range(16):
        ours, theirs = of_channel(sent, channel), of_channel(expected, channel)
        assert ours[: len(theirs)] == theirs
        assert all(m[0] & 0xF0 == 0xB0 for _, m in ours[len(theirs) :])
    assert [m for _, m in sent if m[0] == 0xF0] == [m for _, m in expected if m[0] == 0xF0]


def test_repeats_are_played_out_and_bars_keep_their_numbers():
    score = read_book(TUNE)[0]
    played = unfold(score)
    seconds = seconds_at(played, [tick for tick, _ in played_bars(score)]).tolist()
    numbers = [number for _, number in played_bars(score)]
    assert list(zip(seconds, numbers, strict=True)) == [(0, 0), (1, 1), (5, 2), (9, 1), (13, 3)]


def test_being_late_is_not_passed_on():
    world = World(SLOWING, oversleeps=0.003)
    world.play()
    assert len(world.transport.late) == len(timed_messages(SLOWING))
    assert max(world.transport.late) <= 0.0031
    assert world.onsets()[-1][0] == pytest.approx(22, abs=0.0031)


def test_a_pause_shifts_what_comes_after_it_and_is_silent():
    whole, world = World(SLOWING), World(SLOWING, {2.5: "pause", 7.5: "pause"})
    whole.play()
    sent = world.play()
    assert not sounding([entry for entry in sent if entry[0] <= 2.52])
    assert [s for s, _ in world.onsets()][:4] == pytest.approx([0, 1, 2, 8], abs=0.021)
    assert [p for _, p in world.onsets()] == [p for _, p in whole.onsets()]


def test_arrows_go_to_the_beginnings_of_bars():
    world = World(SLOWING, {1.3: "forward", 3.3: "forward", 5.0: "back", 5.2: "back", 5.6: "quit"})
    world.play()
    bars = {60: 0, 64: 4, 68: 8}  # the pitches that begin them
    begun = [bars[p] for _, p in world.onsets() if p in bars]
    assert begun == [0, 4, 8, 8, 4]
    assert not sounding(world.sent)


def test_where_playing_begins_programs_and_pedal_stand_as_they_do_there():
    sent = World(SLOWING).play(start=4)
    at_once = [m for s, m in sent if s == 0]
    assert at_once[:3] == [bytes([0xC0, 73]), bytes([0xC1, 32]), bytes([0xB1, 64, 127])]
    assert World(SLOWING).play(start=8)[0][0] == 0
    assert bytes([0xB1, 64, 0]) in [m for s, m in World(SLOWING).play(start=16) if s == 0]


def test_a_bend_s_reach_is_set_again_in_its_order():
    chosen = [(101, 0), (100, 0), (6, 12), (101, 127), (100, 127), (7, 90), (7, 80)]
    events = tuple(Event(0, bytes([0xB0, number, value])) for number, value in chosen)
    part = replace(SLOWING.parts[0], events=events)
    sent = [m for s, m in World(replace(SLOWING, parts=(part,))).play(start=4) if s == 0]
    controls = [(m[1], m[2]) for m in sent if m[0] == 0xB0]
    assert controls == [c for c in chosen if c != (7, 90)]


@pytest.mark.parametrize(("key", "speed"), [("faster", TEMPO_STEP), ("slower", 1 / TEMPO_STEP)])
def test_another_tempo_holds_from_where_it_is_asked_for(key: str, speed: float):
    world = World(SLOWING, {2.0: key})
    world.play()
    onsets = [s for s, _ in world.onsets()]
    assert onsets[:3] == [0, 1, 2]
    assert onsets[3:8] == pytest.approx([2 + n / speed for n in range(1, 6)], abs=0.021)
    assert np.diff(onsets[3:8]) == pytest.approx(1 / speed)


def test_q_ends_it_at_once_with_nothing_sounding():
    world = World(SLOWING, {2.5: "quit"})
    sent = world.play()
    assert sent[-1][0] == pytest.approx(2.5, abs=0.021)
    assert not sounding(sent)
    lifted = [bytes([0xB0 | channel, n, 0]) for channel in (0, 1) for n in (64, 123)]
    assert [m for _, m in sent[-4:]] == lifted


def test_a_crash_leaves_nothing_sounding():
    world = World(SLOWING)
    take, count = world.take, iter(range(100))

    def failing(message: bytes) -> None:
        take(message)
        if next(count) == 6:
            raise ZeroDivisionError

    world.transport._instrument._send = failing
    with pytest.raises(ZeroDivisionError):
        world.play()
    assert not sounding(world.sent)


COMMANDS = st.sampled_from(["pause", "back", "forward", "faster", "slower"])


@given(st.dictionaries(st.floats(0, 30), COMMANDS, max_size=8))
def test_whatever_is_pressed_nothing_sounds_in_the_end(plan: dict[float, str]):
    world = World(SLOWING, {**plan, 60.0: "quit"})
    world.play()
    assert not sounding(world.sent)
    assert max(world.transport.late, default=0) < 1e-6


def test_time_is_spent_on_drawing_only_where_nothing_is_due():
    world = World(SLOWING)
    free: list[float] = []
    world.transport.play(0, idle=free.append)
    assert min(free) > 0
    assert max(free) == pytest.approx(2)

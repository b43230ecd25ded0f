"""What a small or a huge file could make grow without end is bounded in time and in memory."""

import gzip
import io
import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("resource")

READING = """
import json, resource, sys, time
from musegen.score.files import read_all
from musegen.score.score import Score
from musegen.score import musicxml_import
import music21
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

start = peak()  # on Linux no less than that of the process which began this one
for file in sys.argv[1:]:
    began = time.process_time()
    pieces = [music for _, music in read_all(file)]
    last = pieces[-1]
    told = f"{last.n_notes} notes" if isinstance(last, Score) else str(last)
    if isinstance(last, Score):
        told += " ".join(last.faults[:1])
    print(json.dumps([told, time.process_time() - began, peak() - start]))
"""
END = b"\0\xff\x2f\0"
NOTE = b"\0\x90\x3c\x40\x10\x80\x3c\0"
LATE = b"\xff\xff\xff\x7f"  # 2^28 - 1 ticks
HEADER = "X:1\nL:1/8\nM:4/4\nK:C\n"
NOTHING = '<!DOCTYPE score-partwise [{}]><score-partwise><part id="P">{}</part></score-partwise>'


class Read(NamedTuple):
    """What a file gave, a sentence or its notes and faults, in what time and memory."""

    told: str
    seconds: float
    megabytes: int


def read(folder: Path, files: Iterable[tuple[str, bytes | str]]) -> list[Read]:
    """Read files, one after the other, in a process of their own."""
    paths = []
    for number, (suffix, content) in enumerate(files):
        path = folder / f"{number}{suffix}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(str(path))
    call = [sys.executable, "-c", READING, *paths]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [Read(*json.loads(line)) for line in done.stdout.splitlines()]


def midi(*tracks: bytes, promised: int = 0, division: int = 480) -> bytes:
    header = b"MThd" + struct.pack(">IHHH", 6, 1, promised or len(tracks), division)
    return header + b"".join(b"MTrk" + struct.pack(">I", len(t)) + t for t in tracks)


def check(found: list[Read], expected: Iterable[str], seconds: float, megabytes: int) -> None:
    for its, said in zip(found, expected, strict=True):
        assert said in its.told, its
        assert len(its.told) < 1000, its
        assert its.seconds < seconds, its
        assert its.megabytes < megabytes, its


def test_midi_of_absurd_times_tracks_tempos_and_sizes(tmp_path: Path) -> None:
    cases = {
        midi(LATE + NOTE[1:] + END): "1 notes",
        midi(LATE + NOTE[1:] + END, division=1): "after more than 1,000,000 bars",
        midi((LATE + NOTE[1:]) * 70 + END): "damaged MIDI: track 1",
        midi(NOTE + b"\0\x3c\x40" * 10_000_000 + END): "holds more than 10 MB of MIDI",
        midi(NOTE + END, promised=65_535): "65535 tracks are promised, 1 there",
        midi(*[END] * 65_534, NOTE + END): "1 notes",
        midi(*[NOTE + END] * 5000): "5000 notes",
        midi(b"\0\xff\x51\x03\0\0\x01" + NOTE + END): "1 notes",
        midi(b"\1\xff\x58\x04\x03\x02\x18\x08\1\xff\x58\x04\x04\x02\x18\x08" * 20_000 + NOTE): "",
    }
    check(read(tmp_path, ((".mid", data) for data in cases)), cases.values(), 10, 400)


LINES = [
    "CDEF " * 3_000_000,  # 15 MB
    '"' * 100_001 + "C",
    "[" * 100_000 + "C",
    "+" + "C" * 100_000,
    "C" + "9" * 100_000,
    "C" + "/" * 100_000,
    "!" + "a" * 100_000,
    "(3" * 100_000 + "C",
    "[r:" * 70_000 + "C",
    "[r:a]" * 70_000 + "C",
    "|:" * 70_000 + "C" + ":|" * 70_000,
    "|:C" * 20_000 + ":|",
    "|:C|[1,2-9999 C:|" * 5000,
    "C!D.C.!|" * 10_000,
    "[V:{}]C|" * 10_000,
    "C&" * 30_000 + "|",
    "[" + "C-" * 100_000 + "]|",
    "{" + "C" * 100_000 + "}C|",
    "Z99999999|" * 10,
    "[K:" + "^c" * 100_000 + "]C",
    "[M:" + "2+" * 100_000 + "3/8]C",
    "C|\nw:" + "la-" * 70_000,
]


def test_abc_of_huge_lines_and_nested_signs(tmp_path: Path) -> None:
    files = ((".abc", HEADER + line.replace("{}", "a") + "\n") for line in LINES)
    check(read(tmp_path, files), ["over 500,000 letters", *[""] * (len(LINES) - 1)], 10, 500)


def test_a_book_of_too_many_tunes_or_header_lines(tmp_path: Path) -> None:
    headed = "M:3/4\n\n" * 5000 + "X:1\nK:C\nC|\n\nM:2/4\n\n" * 5000
    (found,) = read(tmp_path, [(".abc", headed)])
    check([found], ["1 notes"], 10, 500)


def test_musicxml_of_entities_outside_references_and_nesting(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    outside = f'<!ENTITY out SYSTEM "{(tmp_path / "secret.txt").as_uri()}">'
    deep = "<note>" * 500_000 + "</note>" * 500_000
    cases = {
        NOTHING.format('<!ENTITY l0 "ha">' + laughs, "&l9;"): "declares the entity 'l0'",
        NOTHING.format(outside, "&out;"): "declares the entity 'out'",
        NOTHING.format('<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;', ""): "the entity 'p'",
        '<!DOCTYPE score-partwise SYSTEM "file:///dev/zero"><score-partwise/>': "no bars",
        f"<score-partwise>{deep}</score-partwise>": "nests its elements more than 64 deep",
        f"<score-partwise {'a' * 3_000_000}='1'/>": "no bars",
    }
    check(read(tmp_path, ((".musicxml", text) for text in cases)), cases.values(), 10, 500)


def packed(content: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    container = '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("a.xml", content)
    return file.getvalue()


def test_archives_that_unpack_to_too_much(tmp_path: Path) -> None:
    score = b"<score-partwise>" + b" " * 50_000_000 + b"</score-partwise>"
    huge = b"<score-partwise>" + b" " * 101_000_000 + b"</score-partwise>"
    cases = {
        (".mxl", packed(score)): "times its size, as no score does",
        (".mxl", packed(huge, zipfile.ZIP_BZIP2)): "unpacks to more than 100 MB",
        (".mid", gzip.compress(b"MThd" + bytes(200_000_000))): "unpacks to more than 100 MB",
        (".mid", gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"MThd"))))): "again",
        (".json", "[" * 10_000_000): "is JSON, which musegen does not read",
    }
    check(read(tmp_path, cases), cases.values(), 20, 800)


def test_a_file_larger_than_any_music_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.abc").open("wb") as file:
        file.truncate(1 << 40)  # a terabyte, of holes
    call = [sys.executable, "-m", "musegen", "doctor", str(tmp_path), "--json"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    (found,) = json.loads(done.stdout)["files"]
    assert found["reason"] == "is larger than 100 MB"

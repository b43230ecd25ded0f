"""What all tests share: hypothesis profiles, folders of their own, small music, and real music."""

import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import settings

from musegen.corpus import datasets_recipe
from musegen.corpus.datasets_recipe import recipe_folder
from musegen.score.files import write
from musegen.score.score import Notes, Part, Score, barlines_of_metre

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=40, deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that puts the tests in the background makes them, and all they start, deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

MakeScore = Callable[..., Score]
MakeCorpus = Callable[..., Path]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Golden files are text; read what an option rewrote before it is committed."""
    parser.addoption("--rewrite-golden", action="store_true", help="write the golden files anew")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real music beside the project; tests that need it skip without it."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data, which is not here")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _session_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test touches this user's cache or state, not even while session fixtures are made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSEGEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("MUSEGEN_STATE", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees what another one cached or made last."""
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("MUSEGEN_STATE", str(tmp_path_factory.mktemp("state")))


@pytest.fixture
def virtual_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Ports that lead into this file, here and in commands that are started; see midi_to_file."""
    sent = tmp_path / "sent"
    monkeypatch.setitem(sys.modules, "mido", mido)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setenv("MIDO_BACKEND", "midi_to_file")
    monkeypatch.setenv("MIDI_FILE", str(sent))
    before = mido.backend
    mido.set_backend("midi_to_file")
    yield sent
    mido.set_backend(before)


def _line(rng: np.random.Generator, quarters: int, low: int, ticks_per_quarter: int) -> Notes:
    """A walk of quarters and pairs of eighths over a scale."""
    scale, degree, rows = (0, 2, 4, 5, 7, 9, 11), int(rng.integers(7)), []
    for beat in range(quarters):
        split = 1 + int(rng.integers(2))
        for half in range(split):
            degree = int(np.clip(degree + rng.integers(-2, 3), 0, 6))
            length = ticks_per_quarter // split
            onset = beat * ticks_per_quarter + half * length
            rows.append((onset, length, low + scale[degree], 80))
    return Notes.of(rows)


def _make_score(kind: str, number: int, bars: int = 4, ticks_per_quarter: int = 48) -> Score:
    """A seeded piece: a tune (`abc`), three voices (`grid`), or a band (`notes`)."""
    rng = np.random.default_rng(number)
    quarters, tpq = 4 * bars, ticks_per_quarter
    lines = [_line(rng, quarters, low, tpq) for low in (72, 60, 48)]
    parts = [Part(f"Voice {i}", 0, line) for i, line in enumerate(lines)]
    if kind == "abc":
        parts = parts[:1]
    if kind == "notes":
        down, up = np.arange(bars) * 4 * tpq, np.arange(bars) * 4 * tpq + 3 * tpq
        pedal = sorted([*((t, 127) for t in down), *((t, 0) for t in up)])
        hits = [(q * tpq, tpq // 2, 36 if q % 2 else 42, 100) for q in range(quarters)]
        parts = [
            Part("Flute", 73, lines[0]),
            Part("Piano", 0, lines[1], pedal=np.array(pedal)),
            Part("Bass", 32, lines[2]),
            Part("Drums", 0, Notes.of(hits), is_drums=True),
        ]
    metre = np.array([[0, 4, 4]])
    return Score(
        tpq,
        tuple(parts),
        tempo=np.array([[0, 600_000 if kind == "notes" else 500_000]]),
        metre=metre,
        barlines=barlines_of_metre(metre, quarters * tpq, tpq),
        title=f"Piece {number}",
    )


@pytest.fixture(scope="session")
def make_score() -> MakeScore:
    """`(kind, number, bars=4, ticks_per_quarter=48)` → a small piece, the same each time."""
    return _make_score


@pytest.fixture(scope="session")
def make_corpus() -> MakeCorpus:
    """`(folder, kind, n=6)` → the folder, with so many small pieces in it."""

    def make(folder: Path, kind: str, n: int = 6, first: int = 0) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        suffix = "abc" if kind == "abc" else "mid"
        for number in range(first, first + n):
            write(_make_score(kind, number), folder / f"{number}.{suffix}")
        return folder

    return make


class Loopback(ThreadingHTTPServer):
    """Hands out `files` by path, half of those that are `cut`; what was `asked` for is noted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.asked: list[str] = []

    def stop(self) -> None:
        """From now on there is no connection."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server, path = self.server, self.path.lstrip("/")
        assert isinstance(server, Loopback)
        server.asked.append(path)
        if path not in server.files:
            self.send_error(404)
            return
        data = server.files[path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if path in server.cut else data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A server on this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Loopback() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.stop()
        thread.join()


@pytest.fixture
def offer(
    loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """`("maestro", {file: bytes}, known=False)` → that data set, small, from loopback."""

    def make(name: str, files: dict[str, bytes], known: bool = True, **values: object) -> None:
        recipe = json.loads((recipe_folder() / f"{name}.json").read_text(encoding="utf-8"))
        downloads = [
            {
                "url": f"http://127.0.0.1:{loopback.server_port}/{file}",
                "file": file,
                "bytes": len(data) if known else None,
                "sha256": hashlib.sha256(data).hexdigest() if known else None,
            }
            for file, data in files.items()
        ]
        loopback.files |= files
        recipes = tmp_path / "recipes"
        recipes.mkdir(exist_ok=True)
        small = {"downloads": downloads, "n_files": len(files), "n_pieces": {}}
        text = json.dumps(recipe | small | values)
        (recipes / f"{name}.json").write_text(text, encoding="utf-8")
        monkeypatch.setattr(datasets_recipe, "recipe_folder", lambda: recipes)

    return make

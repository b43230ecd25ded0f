"""What scripts and people rely on: names, keys, help, exit codes, which stream says what."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import Result

import musegen as package
from musegen.__main__ import main as entry
from musegen.cli.app import app
from musegen.score.files import read

Musegen = Callable[..., Result]
Ask = Callable[..., dict[str, Any]]


def commands() -> list[tuple[str, Any]]:
    group: Any = typer.main.get_command(app)
    found = []
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found += [(f"{name} {sub}", inner) for sub, inner in command.commands.items()]
        else:
            found.append((name, command))
    return found


COMMANDS = commands()


def test_the_commands_are_those_of_the_contract() -> None:
    assert {name for name, _ in COMMANDS} >= {
        *("train", "generate", "play", "evaluate", "compare", "classify", "doctor", "convert"),
        *("datasets list", "datasets get", "models list", "models show"),
    }


def test_the_list_of_commands_says_what_each_says_of_itself(musegen: Musegen) -> None:
    group: Any = typer.main.get_command(app)
    listed = " ".join(musegen("--help").stdout.split())
    for name, command in group.commands.items():
        assert f"{name} {command.help.split(chr(10) * 2)[0]}" in listed


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_and_every_option_says_what_it_is_for(
    musegen: Musegen, name: str, command: Any
) -> None:
    result = musegen(*name.split(), "--help")
    assert result.exit_code == 0
    assert command.help
    assert command.help.splitlines()[0] in " ".join(result.stdout.split())
    for option in command.params:
        if option.name != "help":
            assert option.help, option.name
            assert max(option.opts, key=len) in result.stdout or option.param_type_name != "option"
    assert "--json" in result.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"], []])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = """
import sys
from musegen.cli.app import main
try:
    main()
except SystemExit:
    heavy = {"numpy", "torch", "symusic", "music21", "mido", "rich", "platformdirs"}
    print(heavy & set(sys.modules), file=sys.stderr)
"""
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "set()"


def test_the_package_runs_as_a_module_too() -> None:
    command = [sys.executable, "-m", "musegen", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"musegen {package.__version__}\n"


def test_train_tells_what_scripts_rely_on(ask: Ask, music: Path, here: Path) -> None:
    found = ask("train", music / "grid", "--steps", 3)
    assert set(found) >= {
        *("model", "vocabulary", "grid", "backbone", "parameters", "steps", "seconds"),
        *("notes_per_second", "train_nats", "valid_nats", "unit", "files"),
    }
    assert found["files"] == {"kept": 6, "skipped": 0, "duplicates": 0}
    assert (found["steps"], found["vocabulary"], found["backbone"]) == (3, "grid", "lstm")
    assert Path(found["model"]) == Path("runs/grid")
    assert {path.name for path in Path("runs/grid").iterdir()} == {
        *("model.safetensors", "config.json", "card.md", "log.csv", "curves.svg", "seen.json"),
        *("passages.safetensors", "tensorboard"),
    }


def test_generate_tells_what_scripts_rely_on(ask: Ask, music: Path) -> None:
    found = ask("generate", "--model", music / "grid-model", "--seed", music / "grid.mid", "-n", 2)
    assert set(found) >= {"model", "random_seed", "seconds", "files"}
    assert len(found["files"]) == 2
    for file in found["files"]:
        assert set(file) >= {"path", "notes", "bars", "plays", "nats_per_unit", "rank_score"}
        assert set(file["longest_copy"]) == {"notes", "source"}
        piece = read(file["path"])
        assert (piece.n_notes, piece.n_bars) == (file["notes"], file["bars"])
    scores = [file["rank_score"] for file in found["files"]]
    assert scores == sorted(scores, reverse=True)
    names = [file["path"] for file in found["files"]]
    assert names == ["grid-continued-1.mid", "grid-continued-2.mid"]


def test_evaluate_tells_what_scripts_rely_on(ask: Ask, music: Path) -> None:
    found = ask("evaluate", music / "grid", "-m", music / "grid-model")
    assert set(found) >= {
        *("model", "unit", "grid", "told", "end_counted", "split", "pieces", "units", "nats"),
        *("nats_per_unit", "interval", "notes", "nats_per_note", "per_field", "seen_in_training"),
        "baselines",
    }
    assert set(found["baselines"]) == {"repeat", "repeat_bar", "ngram"}
    trained = json.loads((music / "grid-model" / "config.json").read_text())
    assert found["nats_per_unit"] == pytest.approx(trained["figures"]["valid_nats"])


def test_doctor_tells_what_scripts_rely_on(ask: Ask, music: Path, here: Path) -> None:
    (here / "folder").mkdir()
    (here / "folder" / "a.mid").write_bytes((music / "grid" / "0.mid").read_bytes())
    (here / "folder" / "b.mid").write_bytes((music / "grid" / "0.mid").read_bytes())
    (here / "folder" / "c.mid").write_text("dear diary")
    found = ask("doctor", "folder")
    assert set(found) >= {"files", "kept", "skipped", "duplicates", "notes"}
    assert [file["status"] for file in found["files"]] == ["kept", "duplicate", "skipped"]
    for file in found["files"]:
        assert set(file) >= {"path", "status", "reason", "notes", "parts", "bars", "lost"}
    assert found["files"][1]["reason"] == "a.mid"


def test_lists_and_conversions_tell_what_scripts_rely_on(ask: Ask, music: Path, here: Path) -> None:
    assert set(ask("convert", music / "grid.mid", "a.abc")) == {"files", "failed"}
    assert {"name", "title"} <= set(ask("datasets", "list")["datasets"][0])
    assert ask("models", "list") == {"models": []} or ask("models", "list")["models"]
    shown = ask("models", "show", music / "grid-model")
    assert {"path", "fingerprint", "network", "vocabulary", "training", "figures"} <= set(shown)
    played = ask("play", music / "grid.mid")
    assert set(played) == {
        *("piece", "port", "wav", "soundfont", "seconds", "jitter_ms", "not_sounded")
    }


def test_results_go_to_standard_output_and_all_else_to_standard_error(
    musegen: Musegen, music: Path
) -> None:
    trained = musegen("train", music / "grid", "-o", "model", "--steps", 3)
    assert trained.stdout == ""
    assert "6 pieces kept" in trained.stderr
    assert "little to learn from" in trained.stderr
    assert "musegen generate" in trained.stderr
    made = musegen("generate", "-m", "model", "-o", "a.mid")
    assert "a.mid" in made.stdout
    assert "musegen play" in made.stderr
    quiet = musegen("generate", "-m", "model", "-o", "b.mid", "-q")
    assert quiet.stderr == ""
    assert "b.mid" in quiet.stdout
    measured = musegen("evaluate", music / "grid", "-m", "model")
    assert "n-gram" in measured.stdout
    for arguments in (
        ["doctor", music / "grid"],
        ["models", "show", "model"],
        ["datasets", "list"],
    ):
        assert musegen(*arguments).stdout.count("\n") > 2
    card = musegen("models", "show", "model").stdout
    assert "nats a voice and step" in card


def without_torch(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, where whatever imports torch fails."""
    script = "import sys; sys.modules['torch'] = None; from musegen.cli.app import main; main()"
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["train"], ["evaluate", "-m", "tunes"], ["compare"]])
def test_what_is_read_is_said_before_torch_is_imported(arguments: list[str], here: Path) -> None:
    (here / "music").mkdir()
    done = without_torch(*arguments, "music")
    assert done.stderr.startswith("Reading music…\n")
    assert done.stdout == ""


REFUSED = [
    ("generate -m tune", "tune: there is no such model. Did you mean tunes?"),
    ("evaluate music -m tune", "tune: there is no such model"),
    ("explain music/a.abc -m tune", "tune: there is no such model"),
    ("classify music -m tune", "tune: there is no such model"),
    ("models show mine-to", "mine-to: there is no such model. Did you mean mine-too?"),
    ("train music --from tune", "tune: there is no such model"),
    ("train music -o music", "music: is already there"),
    ("train mine-too", "runs/mine-too: is already there"),
    ("compare music -o music", "music: is already there"),
    ("train musik", "musik: there is no such file, folder or data set. For music to begin with"),
    ("train jsb-chorale", "folder or data set. Did you mean the data set jsb-chorales?"),
    ("compare musik", "musik: there is no such file, folder or data set"),
    ("evaluate musik -m tunes", "musik: there is no such file, folder or data set"),
    ("classify musik -m tunes", "musik: there is no such file, folder or data set"),
    ("generate --seed a.mid", "a.mid: there is no such file"),
    ("play a.mid", "a.mid: there is no such file"),
]


def test_wrong_names_are_refused_before_torch_is_imported(here: Path) -> None:
    for folder in ("music", "mine-too", "runs/mine-too"):
        (here / folder).mkdir(parents=True)
    (here / "runs" / "mine-too" / "config.json").write_text("{}")
    (here / "music" / "a.abc").write_text("X:1\nK:C\nCDEF|]\n")
    script = """
import sys
sys.modules["torch"] = None
from typer.testing import CliRunner
from musegen.cli.app import app
for call in sys.argv[1:]:
    result = CliRunner().invoke(app, call.split())
    print(result.exit_code, result.stderr.splitlines()[-1])
"""
    command = [sys.executable, "-c", script, *(call for call, _ in REFUSED)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for (_, said), told in zip(REFUSED, done.stdout.splitlines(), strict=True):
        assert said in told
        assert told.startswith("1 " if "already there" in said else "2 ")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--key", "H"], "Error: 'H' is no key"),
        (["--metre", "3/5"], "Error: '3/5' is no metre"),
        (["--instruments", "kazoo"], "Error: No instrument is called 'kazoo'"),
        (["--temperature", "hot"], "Error: "),
        (["--adapt", "soon"], "Error: 'soon' is no length of time"),
        (["--bars", "4", "--notes", "9"], "Error: --bars and --notes"),
        (["--bars", "4"], "Loading the model…\n"),
    ],
)
def test_generate_refuses_or_says_what_it_does_before_torch_is_imported(
    asked: list[str], said: str
) -> None:
    done = without_torch("generate", "-m", "tunes", *asked)
    assert done.stderr.startswith(said)
    assert done.returncode == (1 if said.startswith("Loading") else 2)


def test_what_train_says_fits_eighty_columns(
    musegen: Musegen, make_corpus: Callable[..., Path], here: Path
) -> None:
    make_corpus(here / "music", "grid", 5)
    (here / "music" / "bad.mid").write_text("no music")
    said = musegen("train", "music", "--steps", 12).stderr
    assert "musegen evaluate music --model runs/music\n" in said
    assert [line for line in said.splitlines() if len(line) > 80] == []


def test_the_same_random_seed_writes_the_same_file(musegen: Musegen, music: Path) -> None:
    call = ("generate", "-m", music / "notes-model", "--seed", music / "notes.mid", "--bars", 2)
    for name, number in (("a.mid", 7), ("b.mid", 7), ("c.mid", 8)):
        assert musegen(*call, "-o", name, "--random-seed", number).exit_code == 0
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes() != Path("c.mid").read_bytes()
    assert b'"random_seed": 7' in Path("a.mid").read_bytes()


@pytest.mark.parametrize("kind", ["grid", "abc", "notes"])
@pytest.mark.parametrize("suffix", [".mid", ".abc"])
def test_each_vocabulary_goes_on_into_each_format(
    musegen: Musegen, music: Path, kind: str, suffix: str
) -> None:
    call = ("-m", music / f"{kind}-model", "--seed", music / f"{kind}.mid", "--bars", 2)
    made = musegen("generate", *call, "-o", f"new/a{suffix}")
    assert made.exit_code == 0, made.output
    seed, found = read(music / f"{kind}.mid"), read(Path("new") / f"a{suffix}")
    assert found.n_notes > seed.n_notes


def test_a_bar_to_go_on_from_and_no_seed_in_the_result(
    musegen: Musegen, ask: Ask, music: Path
) -> None:
    call = ("generate", "-m", music / "grid-model", "--seed", music / "grid.mid", "--bars", 2)
    assert ask(*call, "-o", "a.mid", "--continue-from", 3)["files"][0]["bars"] == 4
    assert ask(*call, "-o", "b.mid", "--omit-seed")["files"][0]["bars"] == 2
    assert ask(*call, "-o", "c.mid", "--continue-from", 5)["files"][0]["bars"] == 6


def test_many_pieces_are_numbered_and_none_is_overwritten(musegen: Musegen, music: Path) -> None:
    call = ("generate", "-m", music / "grid-model", "--bars", 1)
    assert musegen(*call, "-n", 3, "-o", "a.mid").exit_code == 0
    assert sorted(path.name for path in Path().iterdir()) == ["a-1.mid", "a-2.mid", "a-3.mid"]
    again = musegen(*call, "-n", 2, "-o", "a.mid")
    assert again.exit_code == 1
    assert "--force" in again.stderr
    assert musegen(*call, "-n", 2, "-o", "a.mid", "--force").exit_code == 0
    for _ in range(2):
        assert musegen(*call).exit_code == 0
    assert Path("composed-1.mid").exists()
    assert Path("composed-2.mid").exists()


def test_what_was_made_last_is_taken_where_nothing_is_named(
    musegen: Musegen, music: Path, monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    assert musegen("train", music / "grid", "--steps", 2, "-q").exit_code == 0
    made = musegen("generate", "--bars", 1)
    assert made.exit_code == 0
    assert "the model trained last" in made.stderr
    played = musegen("play")
    assert played.exit_code == 0
    assert Path("composed-1.wav").stat().st_size > 44_100
    monkeypatch.setenv("MUSEGEN_STATE", str(here / "composed-1.mid" / "not a folder"))
    assert musegen("generate", "-m", "runs/grid", "--bars", 1).exit_code == 0


def test_a_tune_of_a_book_is_a_seed_and_gives_its_name(musegen: Musegen, music: Path) -> None:
    tunes = [(music / "abc" / f"{n}.abc").read_text() for n in range(3)]
    Path("book.abc").write_text("\n".join(t.replace("X:1", f"X:{n}") for n, t in enumerate(tunes)))
    call = ("generate", "-m", music / "abc-model", "--bars", 1)
    assert musegen(*call, "--seed", "book.abc:2").exit_code == 0
    assert Path("book-2-continued-1.mid").exists()
    whole = musegen(*call, "--seed", "book.abc")
    assert whole.exit_code == 2
    assert "holds 3 tunes" in whole.stderr
    assert musegen("convert", "book.abc", "book.mid").exit_code == 0
    assert {path.name for path in Path().glob("book-?.mid")} == {f"book-{n}.mid" for n in (1, 2, 3)}


def test_a_run_broken_off_goes_on(
    musegen: Musegen, ask: Ask, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from musegen.training.run import Run

    events = Run.events

    def interrupted(self: Run) -> Any:
        for number, event in enumerate(events(self)):
            if number == 5:
                raise KeyboardInterrupt
            yield event

    with monkeypatch.context() as patch:
        patch.setattr(Run, "events", interrupted)
        stopped = musegen("train", music / "grid", "-o", "model", "--steps", 20)
    assert stopped.exit_code == 130
    assert "--resume" in stopped.stderr
    assert "Traceback" not in stopped.output
    again = ("train", music / "grid", "-o", "model", "--resume")
    for changed in (("--backbone", "gru"), ("--steps", 21), ("--budget", "1m")):
        refused = musegen(*again, *changed)
        assert refused.exit_code == 2
        assert f"was not begun with {changed[0]} {changed[1]}" in refused.stderr
    kept = musegen(*again, "--backbone", "lstm", "--steps", 20, "--size", "large")
    assert kept.exit_code == 0
    assert "stays: --size" in kept.stderr
    assert ask("train", music / "grid", "-o", "whole", "--steps", 20)["steps"] == 20
    weights = [Path(name, "model.safetensors").read_bytes() for name in ("model", "whole")]
    assert weights[0] == weights[1]
    there = musegen("train", music / "grid", "-o", "model")
    assert "holds a model" in there.stderr


def test_options_are_taken_from_the_environment(
    ask: Ask, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSEGEN_TRAIN_STEPS", "2")
    assert ask("train", music / "grid")["steps"] == 2


def test_train_begins_with_a_model(musegen: Musegen, music: Path, tmp_path: Path) -> None:
    call = ("train", music / "abc", "--from", music / "abc-model", "-o", tmp_path / "m")
    refused = musegen(*call, "--backbone", "lstm")
    assert refused.exit_code == 2
    assert "--backbone is settled by the model after --from" in refused.stderr
    made = musegen(*call, "--steps", 2)
    assert made.exit_code == 0, made.output
    assert "has learnt" not in made.stderr
    assert "began with a model of | abc" in (tmp_path / "m" / "card.md").read_text()
    unknown = musegen("train", music / "abc", "--from", "nothing", "-o", tmp_path / "n")
    assert unknown.exit_code == 2
    assert not (tmp_path / "n").exists()


def test_ctrl_c_is_told_while_the_command_is_still_loaded(monkeypatch, capsys) -> None:
    class Stopped:
        """Finds no module: somebody stops the program at the import."""

        def find_spec(self, name: str, *_: object) -> None:
            if name == "musegen.cli.app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "musegen.cli.app")
    monkeypatch.setattr(sys, "meta_path", [Stopped(), *sys.meta_path])
    with pytest.raises(SystemExit) as stopped:
        entry()
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "Stopped by Ctrl-C, with nothing half-written.\n"

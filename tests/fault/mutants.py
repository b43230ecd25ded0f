"""What the tests catch: a module is changed in one place after the other, and tests must fail.

    python -m tests.fault.mutants musegen/corpus/split.py tests/corpus/test_split.py --number 60

Changed are comparisons, operators, numbers, truth values, conditions, arguments that may be left
out, and statements that may be; texts, annotations, what is raised, and `strict=True` stay as they
are. Each mutant has a process of its own, forked once all libraries are there, and meets the tests
that reach its lines, the quickest first, without those marked slow. What runs ten times as long as
it did counts as caught.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest

_SWAPS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE,),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE,),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
    ast.USub: (ast.UAdd,),
}
_LONGEST = 10  # times what the tests took, then a mutant is stopped
_STARTING = 30  # seconds of processor that starting them may take besides
_MEMORY = 8 << 30


@dataclass(frozen=True)
class Mutant:
    """One change of a module: the lines of its statement, before and after, and all its code."""

    lines: range
    before: str
    after: str
    tree: ast.Module


@dataclass
class Reached:
    """The tests of a module: their seconds, and the lines that each reaches; those of importing."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    importing: list[int] = field(default_factory=list)

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Those that reach its lines, quickest first; all where importing does."""
        mine = set(mutant.lines)
        every = bool(mine & set(self.importing))
        found = [test for test, lines in self.lines.items() if every or mine & set(lines)]
        return sorted(found, key=lambda test: self.seconds[test])


def mutants_of(source: str, number: int | None = None, random_seed: int = 0) -> list[Mutant]:
    """All mutants of a module, or so many drawn from them; in the order of its lines."""
    sites = list(_sites(ast.parse(source)))
    if number is not None and number < len(sites):
        sites = sorted(random.Random(random_seed).sample(sites, number))
    made = (_made(source, *site) for site in sites)
    return sorted(made, key=lambda mutant: mutant.lines.start)


def count(source: str) -> int:
    """How many mutants a module has."""
    return sum(1 for _ in _sites(ast.parse(source)))


def _sites(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """Each node that can be changed, by its number in a walk, and the number of the change."""
    skipped = set(map(id, _untouched(tree)))
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in skipped:
            yield from ((number, way) for way in range(len(_ways(node))))


def _untouched(tree: ast.Module) -> Iterator[ast.AST]:
    """What people read, types, and guards."""
    for node in ast.walk(tree):
        inner: list[ast.AST | None] = []
        if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr | ast.Import | ast.ImportFrom):
            inner = [node]
        elif isinstance(node, ast.AnnAssign | ast.arg):
            inner = [node.annotation]
        elif isinstance(node, ast.FunctionDef):
            inner = [node.returns, *node.decorator_list]
        elif isinstance(node, ast.ClassDef):
            inner = [*node.bases, *node.decorator_list]
        elif _guards(node):
            inner = [node]
        for each in filter(None, inner):
            yield from ast.walk(each)


def _guards(node: ast.AST) -> bool:
    """Whether a node only makes sure of something, or tells what is wrong."""
    if isinstance(node, ast.keyword):
        return node.arg == "strict"
    return isinstance(node, ast.Call) and "Error" in ast.unparse(node.func)


def _ways(node: ast.AST) -> list[tuple[ast.AST, str, int | None, object]]:
    """The changes that a node allows: of which node, which of its fields and items, to what."""
    ways: list[tuple[ast.AST, str, int | None, object]] = []
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            ways += [(node, "ops", place, new()) for new in _SWAPS.get(type(op), ())]
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.UnaryOp | ast.AugAssign):
        ways += [(node, "op", None, new()) for new in _SWAPS.get(type(node.op), ())]
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        ways.append((node, "value", None, not node.value))
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        ways.append((node, "value", None, node.value + 1))
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        ways += [(node, "test", None, ast.Constant(value)) for value in (True, False)]
    elif isinstance(node, ast.comprehension) and node.ifs:
        ways.append((node, "ifs", None, []))
    elif isinstance(node, ast.keyword) and isinstance(node.value, ast.Name | ast.Attribute):
        ways.append((node, "value", None, ast.Constant(None)))
    for name in ("body", "orelse"):
        its = getattr(node, name, None)
        for place, statement in enumerate(its if isinstance(its, list) else ()):
            if _may_go(statement):
                ways.append((node, name, place, ast.Pass()))
    return ways


def _may_go(statement: ast.stmt) -> bool:
    """Whether a module without this statement still runs as far as anyone can tell."""
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assign):
        return all(
            isinstance(target, ast.Subscript | ast.Attribute) for target in statement.targets
        )
    return isinstance(statement, ast.AugAssign | ast.Continue)


def _made(source: str, number: int, way: int) -> Mutant:
    tree = ast.parse(source)
    node = list(ast.walk(tree))[number]
    owner, name, place, new = _ways(node)[way]
    old = getattr(owner, name)
    shown = old[place] if place is not None and isinstance(new, ast.Pass) else owner
    lines = _lines(tree, shown)
    before = ast.unparse(shown).split("\n")[0]
    if place is None:
        setattr(owner, name, new)
    else:
        old[place] = new
    after = ast.unparse(new if shown is not owner else owner).split("\n")[0]
    return Mutant(lines, before, after, ast.fix_missing_locations(tree))


def _lines(tree: ast.Module, node: ast.AST) -> range:
    """The lines of the innermost statement around a node; of a compound one, those of its head."""
    found = range(1, 2)
    for statement in ast.walk(tree):
        if isinstance(statement, ast.stmt) and any(each is node for each in ast.walk(statement)):
            body = getattr(statement, "body", None)
            end = body[0].lineno - 1 if body else statement.end_lineno
            first = statement.lineno
            found = range(first, max(end or first, first) + 1)
    return found


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from other code."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self.name, self.path, self.code = name, path, code

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        spec = importlib.machinery.ModuleSpec(name, self, origin=str(self.path))
        spec.has_location = True
        return spec

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)  # noqa: S102 - our own code, changed


class _Chosen:
    """Runs these tests alone, in this order."""

    def __init__(self, tests: list[str]) -> None:
        self.place = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self.place]
        items.sort(key=lambda item: self.place[item.nodeid])


class _Watch:
    """Notes which lines of a file each test reaches."""

    def __init__(self, path: Path) -> None:
        self.path, self.found, self.now = str(path), Reached(), set[int]()

    def trace(self, frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != self.path:
            return None
        self.now.add(frame.f_lineno)
        return self.trace

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        if not self.found.lines:
            self.found.importing = sorted(self.now)
        self.now.clear()
        started = time.process_time()
        yield
        self.found.seconds[item.nodeid] = time.process_time() - started
        self.found.lines[item.nodeid] = sorted(self.now)


def _forked(job: Any, seconds: float) -> int:
    """What a child says to a job: its exit status, or −1 where it was stopped."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 3
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        status = int(job())
    finally:
        os._exit(status)


class _SameExamples:
    """Hypothesis makes the same examples each time, and none smaller."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings

        settings.register_profile(
            "mutants",
            max_examples=25,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
        )
        settings.load_profile("mutants")


def _pytest(tests: list[str], *plugins: object) -> int:
    here = str(Path.cwd().resolve()) + os.sep
    for name, module in list(sys.modules.items()):
        file = str(getattr(module, "__file__", ""))
        is_ours = file.startswith(here) and "site-packages" not in file
        if is_ours and name != "tests.fault.mutants":
            del sys.modules[name]
    options = ["-x", "-q", "-m", "not slow", "-p", "no:cacheprovider"]
    options += ["--no-header", "--tb=no"]
    return pytest.main([*tests, *options], plugins=[_SameExamples(), *plugins])


def reached(path: Path, tests: list[str]) -> Reached:
    """Run the tests on the module as it is."""
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder, "reached.json")

        def job() -> int:
            watch = _Watch(path)
            sys.settrace(watch.trace)
            status = _pytest(tests, watch)
            sys.settrace(None)
            note.write_text(json.dumps(vars(watch.found)))
            return status

        if status := _forked(job, 3600):
            sys.exit(f"the tests fail on the module as it is: pytest says {status}")
        return Reached(**json.loads(note.read_text()))


def is_caught(path: Path, name: str, mutant: Mutant, tests: list[str], known: Reached) -> bool:
    """Whether one of these tests fails on the mutant."""
    chosen = known.tests_of(mutant)
    if not chosen:
        return False

    def job() -> int:
        code = compile(mutant.tree, str(path), "exec")
        sys.meta_path.insert(0, _Changed(name, path, code))
        return _pytest(tests, _Chosen(chosen))

    seconds = sum(known.seconds[test] for test in chosen)
    return _forked(job, _LONGEST * seconds + _STARTING) != 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("module", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--number", type=int, help="so many mutants, drawn; else all")
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--keyword", default="", help="only the tests that pytest -k chooses")
    asked = parser.parse_args()
    asked.tests += ["-k", asked.keyword] if asked.keyword else []
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # half of what a start takes
    path = asked.module.resolve()
    name = ".".join(asked.module.with_suffix("").parts)
    source = path.read_text(encoding="utf-8")
    _pytest([*asked.tests, "--collect-only", "-qqq"])  # so that all libraries are there
    known = reached(path, asked.tests)
    tried = mutants_of(source, asked.number, asked.random_seed)
    missed = 0
    for mutant in tried:
        if not is_caught(path, name, mutant, asked.tests, known):
            missed += 1
            place = f"{asked.module}:{mutant.lines.start}"
            print(f"{place}: {mutant.before} → {mutant.after}", flush=True)
    told = f"{len(tried)} of {count(source)} mutants tried, {len(tried) - missed} caught"
    print(f"{asked.module}: {told}", flush=True)


if __name__ == "__main__":
    main()

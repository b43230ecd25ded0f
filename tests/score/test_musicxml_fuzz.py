"""Damaged MusicXML is read or refused, quickly: a short run of tests/bench/fuzz_musicxml.py."""

import importlib.util
from pathlib import Path


def test_damaged_musicxml_is_read_or_refused():
    path = Path(__file__).parents[1] / "bench" / "fuzz_musicxml.py"
    spec = importlib.util.spec_from_file_location("fuzz_musicxml", path)
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    outcomes = {outcome for outcome, _, _ in bench.outcomes(60, seed=1)}
    assert outcomes == {"read", "refused"}

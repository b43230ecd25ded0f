"""What `evaluate` says of a model beside its baselines."""

import pytest

from musegen.cli.evaluate import _judge


@pytest.mark.parametrize(("nats", "word"), [(2.0, "Warning"), (3.0, "Warning"), (1.9, "Now try")])
def test_a_model_no_better_than_a_baseline_is_told_so(
    nats: float, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    baselines = {"repeat": 2.5, "repeat_bar": None, "ngram": 2.0}
    _judge({"baselines": baselines, "nats_per_unit": nats, "model": "runs/m"}, quiet=False)
    assert capsys.readouterr().err.startswith(word if word == "Warning" else "Fewer nats")

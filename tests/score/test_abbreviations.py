"""Names of parts as they stand before later systems."""

import pytest

from musegen.score.abbreviations import abbreviated


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Violin I", "Vln. I"),
        ("FlautoII:", "Fl. II"),
        ("Viola:2", "Vla. 2"),
        ("Tromba", "Tpt."),
        ("Trombone III", "Tbn. III"),
        ("Violoncello", "Vc."),
        ("Corno", "Hn."),
        ("Flöte", "Fl."),
        ("Double Bass", "D. B."),
        ("Electric Bass (finger)", "El. B."),
        ("Alto Sax", "A. Sax."),
        ("Pad 2", "Pad 2"),
        ("Lead 1 (square)", "Lead 1"),
        ("Dulcimer", "Dulc."),
        ("Drums", "Dr."),
        ("Who's it", "Who's it"),
        ("", ""),
        ('"!?', ""),
    ],
)
def test_names_become_those_of_printed_scores(name: str, short: str) -> None:
    assert abbreviated(name) == short

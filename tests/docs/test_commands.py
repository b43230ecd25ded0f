"""The reference of the command line says what the commands do now."""

import pytest

from tests.docs.commands import PAGE, page


def test_the_reference_of_the_commands_is_up_to_date(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--rewrite-golden"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "make it anew: python -m tests.docs.commands"

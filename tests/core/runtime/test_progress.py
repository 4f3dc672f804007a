"""What a person sees while a command works."""

import pytest

from jobs.core.runtime.progress import say, timed


def test_words_for_people_keep_off_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    say("Reading")
    with timed("customer_tiers") as rows:
        rows.append(1234567)
    with timed("Spark session"):
        pass
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "Reading",
        "  customer_tiers               1,234,567 rows      0.0 s",
        "  Spark session                                    0.0 s",
    ]

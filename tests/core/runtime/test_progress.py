"""What a person sees while a command works."""

import pytest

from jobs.core.runtime.progress import say, timed
from tests.conftest import CHECKOUT


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


def test_secrets_are_hidden_and_lines_stay(capsys: pytest.CaptureFixture[str]) -> None:
    say("Reading s3://KEY:se/cret@bucket/tiers\npassword=hunter2 \x1b[2J")
    assert capsys.readouterr().err == "Reading s3://***@bucket/tiers\npassword=*** \\x1b[2J\n"


def test_nothing_else_writes_where_people_read() -> None:
    writers = {
        path.relative_to(CHECKOUT).as_posix()
        for path in (CHECKOUT / "jobs").rglob("*.py")
        if "sys.stderr" in path.read_text(encoding="utf-8")
    }
    assert writers == {"jobs/core/runtime/progress.py"}

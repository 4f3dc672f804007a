"""The dates that a command is asked for. Starts no Spark."""

from collections.abc import Sequence
from datetime import date

import duckdb
import pytest

from jobs.core.commands.arguments import Parser
from jobs.core.commands.dates import add_dates, dates_of, every_month
from jobs.core.runtime.errors import ConfigurationError


def asked(*arguments: str) -> list[str]:
    parser = Parser("publish", None, configured=False)
    add_dates(parser)
    return [day.isoformat() for day in dates_of(parser.parsed(arguments))]


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("2024-01-31", "2024-04-30", ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
        ("2023-02-28", "2023-04-29", ["2023-02-28", "2023-03-31"]),
        ("2024-02-28", "2024-04-28", ["2024-02-28", "2024-03-28", "2024-04-28"]),
        ("2023-12-30", "2024-03-30", ["2023-12-30", "2024-01-30", "2024-02-29", "2024-03-30"]),
        ("2024-05-15", "2024-05-15", ["2024-05-15"]),
        ("2024-05-15", "2024-06-14", ["2024-05-15"]),
    ],
)
def test_every_month_has_a_date(first: str, last: str, days: Sequence[str]) -> None:
    assert asked("--every", "month", "--from", first, "--to", last) == days


def test_every_month_is_what_sql_makes_of_each_first_date() -> None:
    last = date(2025, 3, 31)
    found = duckdb.execute(
        """
        WITH firsts AS (SELECT DATE '2024-01-01' + CAST(n AS INT) AS first FROM range(366) AS t (n)),
        days AS (
            SELECT
                first,
                if(first = last_day(first), last_day(first + to_months(n)), first + to_months(n))::DATE AS day
            FROM firsts, (SELECT CAST(m AS INT) AS n FROM range(15) AS t (m))
        )
        SELECT first, list(day ORDER BY day) FROM days WHERE day <= ? GROUP BY first
        """,
        [last],
    ).fetchall()
    assert len(found) == 366
    for first, days in found:
        assert every_month(first, last) == days, first


def test_dates_and_months_go_together_and_come_once_in_order() -> None:
    months = ("--every", "month", "--from", "2024-01-31", "--to", "2024-02-29")
    assert asked("--as-of", "2024-03-05", *months, "--as-of", "2024-01-31") == [
        "2024-01-31",
        "2024-02-29",
        "2024-03-05",
    ]


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        ([], ["--as-of: must be given"]),
        (
            ["--"],
            ["--: must be options, each with two dashes before its name", "--as-of: must be given"],
        ),
        (["--from", "2024-01-31"], ["--as-of: must be given"]),
        (["--as-of", "2024-01-31", "--to", "2024-01-31"], ["--to: must come with --every month"]),
        (["--every", "month", "--from", "2024-01-31"], ["--every: must come with --from and --to"]),
        (
            ["--every", "month", "--from", "2024-02-01", "--to", "2024-01-31"],
            ["--to: must not be before --from, 2024-02-01, got 2024-01-31"],
        ),
        (
            ["--as-of", "today", "--every", "month", "--from", "1st", "--to", "2024-13-01"],
            [
                "--as-of: must be a date like 2024-12-31, got 'today'",
                "--from: must be a date like 2024-12-31, got '1st'",
                "--to: must be a date like 2024-12-31, got '2024-13-01'",
            ],
        ),
    ],
)
def test_wrong_dates_are_all_told(arguments: list[str], problems: list[str]) -> None:
    with pytest.raises(ConfigurationError) as error:
        asked(*arguments)
    assert list(error.value.problems) == problems


def test_another_interval_is_told_what_there_is() -> None:
    with pytest.raises(ConfigurationError, match=r"--every: must be .*month.* got 'week'"):
        asked("--every", "week", "--from", "2024-01-31", "--to", "2024-02-29")

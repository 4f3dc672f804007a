"""The dates that a command is asked for: one by one, or every month."""

import argparse
import calendar
from datetime import date

from jobs.core.commands.arguments import Parser, date_option, optional_date
from jobs.core.runtime.errors import Problems


def add_dates(parser: Parser) -> None:
    """Adds --as-of, and --every with --from and --to."""
    parser.add_argument(
        "--as-of",
        action="append",
        default=[],
        metavar="YYYY-MM-DD",
        help="date of the snapshot; give it again for more, which are published in order of date",
    )
    parser.add_argument(
        "--every",
        choices=["month"],
        help="publish a snapshot of each month from --from to --to: of its last day if --from is a last day, "
        "else of the day of --from, or of the last day of a month that is too short for it",
    )
    parser.need_one_of("--as-of", "--every")
    parser.add_argument("--from", dest="first", metavar="YYYY-MM-DD", help="the first date of --every")
    parser.add_argument("--to", dest="last", metavar="YYYY-MM-DD", help="the latest that the last can be")


def dates_of(arguments: argparse.Namespace) -> list[date]:
    """The dates that are asked for, each once, in order.

    Raises:
        ConfigurationError: one is no date, or options lack that belong together.
    """
    problems = Problems()
    dates: set[date] = set()
    for text in arguments.as_of:
        with problems.gathered():
            dates.add(date_option("--as-of", text))
    given: dict[str, date | None] = {}
    for option, text in (("--from", arguments.first), ("--to", arguments.last)):
        with problems.gathered():
            given[option] = optional_date(option, text)
    first, last = given.get("--from"), given.get("--to")
    if arguments.every is None:
        problems += [f"{option}: must come with --every month" for option, day in given.items() if day]
    elif arguments.first is None or arguments.last is None:
        problems.append("--every: must come with --from and --to")
    elif first and last and first > last:
        problems.append(f"--to: must not be before --from, {first}, got {last}")
    elif first and last:
        dates.update(every_month(first, last))
    problems.refuse()
    return sorted(dates)


def every_month(first: date, last: date) -> list[date]:
    """A date of each month from the first date on, up to and with the last.

    They are last days of months if the first is one; else they have its day, or the last day of a month that
    is too short for it.
    """
    ends = first.day == calendar.monthrange(first.year, first.month)[1]
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    days = []
    for year, month in (divmod(number, 12) for number in months):
        longest = calendar.monthrange(year, month + 1)[1]
        days.append(date(year, month + 1, longest if ends else min(first.day, longest)))
    return [day for day in days if day <= last]

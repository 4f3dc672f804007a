"""The dates whose features are made together, from one reading of the sources."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.runtime.literals import literal_rows


def as_of_dates(as_of: date) -> list[date]:
    """The dates, ascending: one, unless several are given."""
    return [as_of]


def first_as_of(as_of_dates: Sequence[date]) -> date:
    """The first of the dates."""
    return as_of_dates[0]


def last_as_of(as_of_dates: Sequence[date]) -> date:
    """The last of the dates."""
    return as_of_dates[-1]


def snapshot_dates(spark: SparkSession, as_of_dates: Sequence[date], window_months: int) -> DataFrame:
    """One row per date, with the days after which its spans begin: each ends with as_of or the next span.

    Columns: as_of; previous_as_of, the date before it, NULL of the first; window_start; recent_start and
    earlier_start, of the last three months and the three before; as_of_month, the months since year 0.
    """
    rows = literal_rows(
        spark,
        {"as_of": "date", "previous_as_of": "date"},
        list(zip(as_of_dates, [None, *as_of_dates], strict=False)),
    )
    starts = {"window_start": window_months, "recent_start": 3, "earlier_start": 6}
    return rows.select(
        "*",
        *(F.add_months("as_of", -months).alias(name) for name, months in starts.items()),
        (F.year("as_of") * 12 + F.month("as_of")).alias("as_of_month"),
    )

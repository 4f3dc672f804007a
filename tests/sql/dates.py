"""The dates that steps of the activity and the features make together, and rows of one of them."""

import calendar
from datetime import date

from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import table

SNAPSHOT_DATES = (
    "as_of DATE, previous_as_of DATE, window_start DATE, recent_start DATE, earlier_start DATE, "
    "as_of_month INT"
)


def months_before(day: date, months: int) -> date:
    """The same day some months before; the last of a month that is too short for it."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def snapshot_dates(spark: SparkSession, *days: str, window_months: int = 12) -> DataFrame:
    """snapshot_dates of some days, ascending."""
    rows, previous = [], None
    for text in days:
        day = date.fromisoformat(text)
        starts = [str(months_before(day, months)) for months in (window_months, 3, 6)]
        rows.append((text, previous, *starts, day.year * 12 + day.month))
        previous = text
    return table(spark, SNAPSHOT_DATES, rows)


def of_one_date(frame: DataFrame, as_of: str) -> DataFrame:
    """The rows without their as_of, which is this date of each of them."""
    assert frame.where(frame["as_of"].isNull() | (frame["as_of"] != as_of)).isEmpty()
    return frame.drop("as_of")

"""The dates that are made together."""

from datetime import date

from chispa import assert_df_equality
from pyspark.sql import SparkSession

from jobs.core.pipeline.dates import snapshot_dates as made
from tests.sql.dates import snapshot_dates

DAYS = ("2023-05-31", "2024-02-29", "2024-12-15", "2025-02-28")


def test_each_date_knows_where_its_spans_begin(spark: SparkSession) -> None:
    for days in (DAYS, DAYS[1:2]):
        dates = [date.fromisoformat(day) for day in days]
        for window_months in (1, 12, 120):
            expected = snapshot_dates(spark, *days, window_months=window_months)
            found = made(spark, dates, window_months)
            assert_df_equality(found, expected, ignore_row_order=True, ignore_nullable=True)

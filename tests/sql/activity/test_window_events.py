from datetime import date

import pytest
from pyspark.sql import SparkSession

from tests.sql.steps import assert_rows, run_step, table

EVENTS = "customer_key STRING, event_date DATE, revenue_units BIGINT"


@pytest.mark.parametrize(
    ("as_of", "window_months", "last_outside", "first_inside"),
    [
        pytest.param("2024-12-15", 12, "2023-12-15", "2023-12-16", id="same day a year before"),
        pytest.param("2024-02-29", 12, "2023-02-28", "2023-03-01", id="leap day clamps to 28 February"),
        pytest.param("2025-02-28", 12, "2024-02-28", "2024-02-29", id="28 February is not a month's end"),
        pytest.param("2024-12-31", 3, "2024-09-30", "2024-10-01", id="31 clamps to a month of 30 days"),
        pytest.param("2024-02-29", 1, "2024-01-29", "2024-01-30", id="month ends don't snap to month ends"),
    ],
)
def test_the_window_opens_after_the_day_window_months_before_the_first_date(
    spark: SparkSession, as_of: str, window_months: int, last_outside: str, first_inside: str
) -> None:
    events = [
        ("Ann", "1999-01-01", 1),
        ("Ann", last_outside, 2),
        ("Ann", first_inside, 3),
        ("Ann", as_of, 4),
    ]

    result = run_step(
        spark,
        "activity",
        "window_events",
        {"events": table(spark, EVENTS, events)},
        first_as_of=date.fromisoformat(as_of),
        window_months=window_months,
    )

    assert_rows(result, EVENTS, ("Ann", first_inside, 3), ("Ann", as_of, 4))

"""What is counted and added up of a source while its rules are checked."""

from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from jobs.core.checked_source import CheckedSource
from jobs.core.money import Units
from jobs.core.rules import Rule

AS_OF = date(2024, 12, 31)
LARGEST = Decimal("9999999999999999.99")
COLUMNS = (
    "customer_key STRING, event_date DATE, total_revenue DECIMAL({}), total_gross_margin DECIMAL(22,6), "
    "event_count BIGINT"
)


@pytest.mark.parametrize("kind", ["18,2", "19,3", "22,6"])
@pytest.mark.parametrize(
    "amounts",
    [
        [],
        [None],
        [Decimal("0.01"), Decimal("-0.02"), None],
        [LARGEST] * 2000,
        [-LARGEST] * 2000 + [Decimal("-0.01")],
        [Decimal("12345678901.23"), Decimal("-9876543210.98"), Decimal("10000000.00"), Decimal("9999999.99")],
    ],
    ids=["no rows", "NULL", "cents", "largest", "smallest", "around a part"],
)
def test_revenue_is_added_up_exactly(spark: SparkSession, amounts: list[Decimal | None], kind: str) -> None:
    rows = [("Ann", AS_OF, amount, None, None) for amount in amounts]
    facts = spark.createDataFrame(rows, COLUMNS.format(kind))

    totals = CheckedSource("fct_revenues", facts, {}, (), AS_OF).totals

    given = [amount for amount in amounts if amount is not None]
    assert totals["rows"] == len(amounts)
    assert totals["revenue"] == sum(given)
    assert totals["amount"] == sum(map(abs, given))


def test_the_units_fit_the_rows_that_are_not_quarantined(spark: SparkSession) -> None:
    rows = [
        ("Ann", AS_OF, Decimal("-0.25"), Decimal("0.000001"), 3),
        ("Ann", AS_OF, Decimal("1.00"), Decimal("-2"), -(2**63)),
        ("Ann", AS_OF, None, None, None),
        ("Ann", date(2025, 1, 1), Decimal("-5"), Decimal("7"), 7),
        ("bad", AS_OF, LARGEST, LARGEST, 7),
    ]
    bad = Rule(severity="quarantine", means="bad", fails_if="customer_key = 'bad'")

    totals = CheckedSource(
        "fct_revenues", spark.createDataFrame(rows, COLUMNS.format("18,2")), {"bad": bad}, (), AS_OF
    ).totals

    assert totals["units"] == Units(
        6,
        {
            "total_revenue": Decimal("6.25"),
            "total_gross_margin": Decimal("9.000001"),
            "event_count": 4 * 2**63,  # a bound: rows by the largest
        },
    )

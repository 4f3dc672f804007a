"""What is counted and added up of a source while its rules are checked."""

from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from jobs.core.checked_source import CheckedSource

AS_OF = date(2024, 12, 31)
LARGEST = Decimal("9999999999999999.99")
COLUMNS = "customer_key STRING, event_date DATE, total_revenue DECIMAL(18,2)"


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
def test_revenue_is_added_up_exactly(spark: SparkSession, amounts: list[Decimal | None]) -> None:
    rows = [("Ann", AS_OF, amount) for amount in amounts]

    totals = CheckedSource("fct_revenues", spark.createDataFrame(rows, COLUMNS), {}, (), AS_OF).totals

    given = [amount for amount in amounts if amount is not None]
    assert totals["rows"] == len(amounts)
    assert totals["revenue"] == sum(given)
    assert totals["amount"] == sum(map(abs, given))

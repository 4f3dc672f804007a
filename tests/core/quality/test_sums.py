"""The customers' sums: those that their columns can't hold, and what rounding takes off all of them."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.core.config.rules import Check, QualityRules
from jobs.core.delta.written import WrittenTable
from jobs.core.quality import sums
from jobs.core.sources.money import Units
from tests.conftest import plain_settings

RULES = QualityRules.of(plain_settings())
MOST = Decimal("9999999999999999.99")
CENTS, PARTS = Units(2, {}), Units(6, {})
FEATURES = (
    "customer_key STRING, total_revenue DECIMAL(18,2), total_gross_margin DECIMAL(18,2), "
    "lifetime_revenue DECIMAL(18,2), unrounded_total_revenue DECIMAL(38,6), "
    "unrounded_total_gross_margin DECIMAL(38,6), unrounded_lifetime_revenue DECIMAL(38,6), "
    "total_events BIGINT, recent_events BIGINT, earlier_events BIGINT, events_per_active_month DOUBLE"
)
COLUMNS = [column.split()[0] for column in FEATURES.split(", ")]
Value = Decimal | int | float | None


def features(spark: SparkSession, **customers: Mapping[str, Value]) -> DataFrame:
    """Customers of which all is 0 but for some columns; what is not given unrounded is as rounded."""
    rows = []
    for key, changes in customers.items():
        row = {
            **{column: Decimal(0) for column in COLUMNS if column.endswith(("revenue", "margin"))},
            **dict.fromkeys(("total_events", "recent_events", "earlier_events"), 0),
            "events_per_active_month": 0.0,
            "customer_key": key,
            **{f"unrounded_{column}": value for column, value in changes.items() if "total_" in column},
            **changes,
        }
        rows.append(tuple(row[column] for column in COLUMNS))
    return spark.createDataFrame(rows, FEATURES)


def checked(found: DataFrame, units: Units) -> list[Check]:
    totals = found.agg(*(total.in_one().alias(name) for name, total in sums.totals(units).items()))
    written = WrittenTable(0, found.count(), "", "run", totals.collect()[0].asDict())
    return sums.checks(RULES, found, written)


def failed(found: list[Check]) -> list[str]:
    return [
        str(check).replace("a sum that is too large for its column: ", "") for check in found if check.failed
    ]


def test_sums_that_fit_and_need_no_rounding_pass(spark: SparkSession) -> None:
    customers = features(
        spark,
        Ann={"total_revenue": MOST, "total_gross_margin": -MOST, "total_events": 2**63 - 1},
        Bob={"recent_events": -(2**63), "events_per_active_month": 999_999_999_999.9999},
        Cy={"events_per_active_month": None},
    )

    found = checked(customers, PARTS)

    assert [(check.rule, check.verdict) for check in found] == [
        ("sums_fit", "passed"),
        ("rounding_difference", "passed"),
    ]


def test_a_sum_that_does_not_fit_is_told_by_column_and_customer(spark: SparkSession) -> None:
    beyond = {"total_revenue": None, "unrounded_total_revenue": Decimal("-10000000000000000.123")}
    customers = features(
        spark,
        Zoe={**beyond, "lifetime_revenue": None, "unrounded_lifetime_revenue": Decimal(10) ** 16},
        Bob={**beyond, "total_events": None, "earlier_events": None, "events_per_active_month": 1e12},
        Ann={"total_gross_margin": None, "unrounded_total_gross_margin": Decimal("9999999999999999.995")},
        Cy={"recent_events": None, "events_per_active_month": -2e12},
    )

    found = failed(checked(customers, CENTS))

    held = "where at most 9,999,999,999,999,999.99 can be held, from {} of fct_revenues"
    revenue, margin = held.format("total_revenue"), held.format("total_gross_margin")
    count = "can be held, from event_count of fct_revenues"
    counted = f"more where at most 9,223,372,036,854,775,807 {count}"
    a_month = f"1,000,000,000,000.0 where at most 999,999,999,999.999999 {count}"
    assert found == [
        "sums_fit (customer_features.total_revenue): 2 of 4, e.g. Bob "
        f"(-10,000,000,000,000,000.123000 {revenue})",
        "sums_fit (customer_features.total_gross_margin): 1 of 4, e.g. Ann "
        f"(9,999,999,999,999,999.995000 {margin})",
        "sums_fit (customer_features.lifetime_revenue): 1 of 4, e.g. Zoe "
        f"(10,000,000,000,000,000.000000 {revenue})",
        f"sums_fit (customer_features.total_events): 1 of 4, e.g. Bob ({counted})",
        f"sums_fit (customer_features.recent_events): 1 of 4, e.g. Cy ({counted})",
        f"sums_fit (customer_features.earlier_events): 1 of 4, e.g. Bob ({counted})",
        f"sums_fit (customer_features.events_per_active_month): 2 of 4, e.g. Bob ({a_month})",
    ]


def test_what_rounding_takes_off_in_all_is_told_unless_it_is_nothing(spark: SparkSession) -> None:
    third = {"total_revenue": Decimal("0.33"), "unrounded_total_revenue": Decimal("0.333333")}
    up = {"total_gross_margin": Decimal("-0.01"), "unrounded_total_gross_margin": Decimal("-0.005")}
    down = {"total_gross_margin": Decimal("0.00"), "unrounded_total_gross_margin": Decimal("-0.005")}

    found = checked(features(spark, Ann=third, Bob=third, Cy=up, Dee=down), PARTS)
    even = checked(features(spark, Cy=up, Dee=down), PARTS)

    assert failed(found) == [
        "rounding_difference (customer_features): customers' sums that were rounded to cents don't add up to "
        "the exact total: 4 of 4 (exact total minus the customers' sums: total_revenue 0.006666)"
    ]
    assert failed(even) == []


@pytest.mark.parametrize(("decimals", "digits"), [(2, 26), (6, 22)])
def test_amounts_that_cannot_be_added_up_are_told_by_their_column(decimals: int, digits: int) -> None:
    most = Decimal(10) ** digits
    sizes: dict[str, Decimal | int] = {
        "total_revenue": most - 1,
        "total_gross_margin": most,
        "event_count": 10**30,
    }

    found = failed(sums.in_all(RULES, {"rows": 7, "units": Units(decimals, sizes)}))

    assert found == [
        "sums_fit (fct_revenues.total_gross_margin): 7 of 7 "
        f"({most:,} without signs where less than {most:,} can be added up)"
    ]

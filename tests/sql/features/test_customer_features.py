from collections.abc import Sequence
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

HISTORY = (
    "customer_key STRING, customer_name STRING, first_event_date DATE, last_event_date DATE, "
    "lifetime_revenue_cents BIGINT"
)
WINDOW = (
    "customer_key STRING, cs_representative STRING, region STRING, revenue_cents BIGINT, "
    "margin_cents BIGINT, total_events BIGINT, active_months INT, distinct_products INT, "
    "distinct_business_units INT"
)
BUSINESS_UNITS = "customer_key STRING, main_business_unit STRING"
ACCOUNTS = "customer_key STRING, active_accounts INT, total_accounts INT"
FEATURES = (
    "customer_key STRING, customer_name STRING, cs_representative STRING, region STRING, "
    "main_business_unit STRING, total_revenue DECIMAL(18,2), total_gross_margin DECIMAL(18,2), "
    "margin_rate_pct DECIMAL(38,2), total_events BIGINT, active_months INT, events_per_active_month DOUBLE, "
    "distinct_products INT, distinct_business_units INT, active_accounts INT, total_accounts INT, "
    "revenue_per_active_account DECIMAL(18,2), first_event_date DATE, last_event_date DATE, "
    "days_since_last_event INT, lifetime_revenue DECIMAL(18,2)"
)

Row = dict[str, Any]


def past(key: str, **changes: Any) -> Row:
    ordinary = {
        "customer_key": key,
        "customer_name": "Ann",
        "first_event_date": "2020-05-01",
        "last_event_date": "2024-12-01",
        "lifetime_revenue_cents": 50000,
    }
    return {**ordinary, **changes}


def activity(key: str, **changes: Any) -> Row:
    ordinary = {
        "customer_key": key,
        "cs_representative": "Eve",
        "region": "North",
        "revenue_cents": 20000,
        "margin_cents": 5000,
        "total_events": 9,
        "active_months": 6,
        "distinct_products": 3,
        "distinct_business_units": 2,
    }
    return {**ordinary, **changes}


def features(key: str, **changes: Any) -> Row:
    """What the ordinary history and activity make, with one active account of two."""
    ordinary = {
        "customer_key": key,
        "customer_name": "Ann",
        "cs_representative": "Eve",
        "region": "North",
        "main_business_unit": "Core",
        "total_revenue": "200.00",
        "total_gross_margin": "50.00",
        "margin_rate_pct": "25.00",
        "total_events": 9,
        "active_months": 6,
        "events_per_active_month": 1.5,
        "distinct_products": 3,
        "distinct_business_units": 2,
        "active_accounts": 1,
        "total_accounts": 2,
        "revenue_per_active_account": "200.00",
        "first_event_date": "2020-05-01",
        "last_event_date": "2024-12-01",
        "days_since_last_event": 30,
        "lifetime_revenue": "500.00",
    }
    return {**ordinary, **changes}


def customer_features(
    spark: SparkSession,
    activities: Sequence[Row],
    histories: Sequence[Row] | None = None,
    accounts: Sequence[tuple[str, int, int]] | None = None,
    as_of: str = "2024-12-31",
) -> DataFrame:
    """Those with activity have a history, a business unit and accounts, if not given otherwise."""
    keys = [row["customer_key"] for row in activities]
    inputs = {
        "customer_history": table(spark, HISTORY, histories or [past(key) for key in keys]),
        "customer_window": table(spark, WINDOW, activities),
        "customer_business_units": table(spark, BUSINESS_UNITS, [(key, "Core") for key in keys]),
        "customer_accounts": table(
            spark, ACCOUNTS, [(key, 1, 2) for key in keys] if accounts is None else accounts
        ),
    }
    return run_step(spark, "features", "customer_features", inputs, as_of=date.fromisoformat(as_of))


def test_an_active_customer_has_every_measure(spark: SparkSession) -> None:
    result = customer_features(spark, [activity("c1"), activity("C1", region=None)])

    assert_rows(result, FEATURES, features("c1"), features("C1", region=None))


def test_a_customer_without_an_event_in_the_window_has_zeros_and_its_history(spark: SparkSession) -> None:
    histories = [past("c1"), past("c2", last_event_date="2023-12-31", lifetime_revenue_cents=-1)]

    result = customer_features(spark, [activity("c1")], histories)

    quiet = features(
        "c2",
        cs_representative=None,
        region=None,
        main_business_unit=None,
        total_revenue="0.00",
        total_gross_margin="0.00",
        margin_rate_pct=None,
        total_events=0,
        active_months=0,
        events_per_active_month=None,
        distinct_products=0,
        distinct_business_units=0,
        active_accounts=0,
        total_accounts=0,
        revenue_per_active_account=None,
        last_event_date="2023-12-31",
        days_since_last_event=366,
        lifetime_revenue="-0.01",
    )
    assert_rows(result, FEATURES, features("c1"), quiet)


def test_without_an_active_account_there_is_no_revenue_per_account(spark: SparkSession) -> None:
    result = customer_features(
        spark, [activity("c1"), activity("c2"), activity("c3")], accounts=[("c1", 1, 2), ("c2", 0, 4)]
    )

    assert_rows(
        result,
        FEATURES,
        features("c1"),
        features("c2", active_accounts=0, total_accounts=4, revenue_per_active_account=None),
        features("c3", active_accounts=0, total_accounts=0, revenue_per_active_account=None),
    )


def test_revenue_per_active_account_rounds_half_up_away_from_zero(spark: SparkSession) -> None:
    result = customer_features(
        spark,
        [
            activity("tie", revenue_cents=10001, margin_cents=0),
            activity("refunds", revenue_cents=-10001, margin_cents=0),
            activity("thirds", revenue_cents=10000, margin_cents=0),
        ],
        accounts=[("tie", 2, 2), ("refunds", 2, 2), ("thirds", 3, 3)],
    )

    no_margin = {"total_gross_margin": "0.00", "margin_rate_pct": "0.00"}
    two = {"active_accounts": 2, "total_accounts": 2, **no_margin}
    three = {"active_accounts": 3, "total_accounts": 3, **no_margin}
    assert_rows(
        result,
        FEATURES,
        features("tie", total_revenue="100.01", revenue_per_active_account="50.01", **two),
        features("refunds", total_revenue="-100.01", revenue_per_active_account="-50.01", **two),
        features("thirds", total_revenue="100.00", revenue_per_active_account="33.33", **three),
    )


def test_without_revenue_there_is_no_margin_rate(spark: SparkSession) -> None:
    result = customer_features(
        spark,
        [
            activity("c1", revenue_cents=0, margin_cents=-500),
            activity("c2", revenue_cents=0, margin_cents=0),
        ],
    )

    nothing = {"total_revenue": "0.00", "revenue_per_active_account": "0.00", "margin_rate_pct": None}
    assert_rows(
        result,
        FEATURES,
        features("c1", total_gross_margin="-5.00", **nothing),
        features("c2", total_gross_margin="0.00", **nothing),
    )


def test_the_margin_rate_rounds_half_up_away_from_zero(spark: SparkSession) -> None:
    # 10.04 of 800.00 is 1.255 percent.
    result = customer_features(
        spark,
        [
            activity("gain", revenue_cents=80000, margin_cents=1004),
            activity("loss", revenue_cents=80000, margin_cents=-1004),
            activity("refunds", revenue_cents=-80000, margin_cents=1004),
            activity("both", revenue_cents=-80000, margin_cents=-1004),
        ],
    )

    sold = {"total_revenue": "800.00", "revenue_per_active_account": "800.00"}
    refunded = {"total_revenue": "-800.00", "revenue_per_active_account": "-800.00"}
    assert_rows(
        result,
        FEATURES,
        features("gain", total_gross_margin="10.04", margin_rate_pct="1.26", **sold),
        features("loss", total_gross_margin="-10.04", margin_rate_pct="-1.26", **sold),
        features("refunds", total_gross_margin="10.04", margin_rate_pct="-1.26", **refunded),
        features("both", total_gross_margin="-10.04", margin_rate_pct="1.26", **refunded),
    )


def test_the_margin_rate_is_rounded_once(spark: SparkSession) -> None:
    # 1.245 percent less 5.6E-20: rounded first to the decimals that a division keeps, it would become 1.25.
    result = customer_features(
        spark, [activity("c1", revenue_cents=90_000_000_000_002_249, margin_cents=1_120_500_000_000_028)]
    )

    assert_rows(
        result,
        FEATURES,
        features(
            "c1",
            total_revenue="900000000000022.49",
            total_gross_margin="11205000000000.28",
            margin_rate_pct="1.24",
            revenue_per_active_account="900000000000022.49",
        ),
    )


def test_the_margin_rate_of_hardly_any_revenue_is_huge(spark: SparkSession) -> None:
    result = customer_features(spark, [activity("c1", revenue_cents=1, margin_cents=-(10**17))])

    assert_rows(
        result,
        FEATURES,
        features(
            "c1",
            total_revenue="0.01",
            total_gross_margin="-1000000000000000.00",
            margin_rate_pct="-10000000000000000000.00",
            revenue_per_active_account="0.01",
        ),
    )


def test_events_per_active_month_is_the_double_quotient(spark: SparkSession) -> None:
    result = customer_features(
        spark,
        [
            activity("c1", total_events=1, active_months=3),
            activity("c2", total_events=0, active_months=13),
        ],
    )

    assert_rows(
        result,
        FEATURES,
        features("c1", total_events=1, active_months=3, events_per_active_month=1 / 3),
        features("c2", total_events=0, active_months=13, events_per_active_month=0.0),
    )


def test_days_since_the_last_event_are_counted_to_as_of(spark: SparkSession) -> None:
    keys_and_days = [("c1", "2024-03-01"), ("c2", "2024-02-29"), ("c3", "2024-02-28")]

    result = customer_features(
        spark,
        [activity(key) for key, _ in keys_and_days],
        [past(key, last_event_date=day) for key, day in keys_and_days],
        as_of="2024-03-01",
    )

    assert_rows(
        result,
        FEATURES,
        features("c1", last_event_date="2024-03-01", days_since_last_event=0),
        features("c2", last_event_date="2024-02-29", days_since_last_event=1),
        features("c3", last_event_date="2024-02-28", days_since_last_event=2),
    )

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

ACTIVITY = (
    "as_of DATE, customer_key STRING, "
    "revenue_units BIGINT, margin_units BIGINT, total_events BIGINT, recent_events "
    "BIGINT, earlier_events BIGINT, active_months INT, distinct_products INT, distinct_business_units "
    "INT, main_unit_code INT, representative_code INT, region_code INT, first_event_date DATE, "
    "last_event_date DATE, lifetime_revenue_units BIGINT, total_accounts INT, active_accounts INT, "
    "unknown_accounts INT, conflicting_accounts INT, event_rows BIGINT"
)
TEXTS = "code INT, distinct_text STRING"
FEATURES = (
    "as_of DATE, customer_key STRING, cs_representative STRING, region STRING, main_business_unit STRING, "
    "total_revenue DECIMAL(18,2), total_gross_margin DECIMAL(18,2), margin_rate_pct DECIMAL(38,2), "
    "total_events BIGINT, active_months INT, events_per_active_month DOUBLE, recent_events BIGINT, "
    "earlier_events BIGINT, events_trend DECIMAL(38,6), distinct_products INT, distinct_business_units "
    "INT, active_accounts INT, total_accounts INT, revenue_per_active_account DECIMAL(18,2), "
    "first_event_date DATE, last_event_date DATE, days_since_last_event INT, lifetime_revenue "
    "DECIMAL(18,2), unrounded_total_revenue DECIMAL(38,6), unrounded_total_gross_margin DECIMAL(38,6), "
    "unrounded_lifetime_revenue DECIMAL(38,6), unknown_accounts INT, conflicting_accounts INT, "
    "event_rows BIGINT"
)

NULL_CODE = 2147483647
AS_OF = "2024-12-31"
MONEY = ("total_revenue", "total_gross_margin", "lifetime_revenue")
# Where BIGINT may not hold sums.
WIDE = re.sub(r"(\w+_(?:units|events)) BIGINT", r"\1 DECIMAL(38,0)", ACTIVITY)

Row = dict[str, Any]


def activity(key: str, **changes: Any) -> Row:
    """Ordinary activity of a customer, but for the changes."""
    ordinary = {
        "as_of": AS_OF,
        "customer_key": key,
        "revenue_units": 20000,
        "margin_units": 5000,
        "total_events": 9,
        "recent_events": 6,
        "earlier_events": 3,
        "active_months": 6,
        "distinct_products": 3,
        "distinct_business_units": 2,
        "main_unit_code": 0,
        "representative_code": 1,
        "region_code": 2,
        "first_event_date": "2020-05-01",
        "last_event_date": "2024-12-01",
        "lifetime_revenue_units": 50000,
        "total_accounts": 2,
        "active_accounts": 1,
        "unknown_accounts": 4,
        "conflicting_accounts": 0,
        "event_rows": 20,
    }
    return {**ordinary, **changes}


def features(key: str, **changes: Any) -> Row:
    """What the ordinary activity makes, but for the changes; sums were whole cents unless told otherwise."""
    ordinary = {
        "as_of": AS_OF,
        "customer_key": key,
        "cs_representative": "Eve",
        "region": "North",
        "main_business_unit": "Core",
        "total_revenue": "200.00",
        "total_gross_margin": "50.00",
        "margin_rate_pct": "25.00",
        "total_events": 9,
        "active_months": 6,
        "events_per_active_month": 1.5,
        "recent_events": 6,
        "earlier_events": 3,
        "events_trend": "1",
        "distinct_products": 3,
        "distinct_business_units": 2,
        "active_accounts": 1,
        "total_accounts": 2,
        "revenue_per_active_account": "200.00",
        "first_event_date": "2020-05-01",
        "last_event_date": "2024-12-01",
        "days_since_last_event": 30,
        "lifetime_revenue": "500.00",
        "unknown_accounts": 4,
        "conflicting_accounts": 0,
        "event_rows": 20,
    }
    made = {**ordinary, **changes}
    unrounded = {f"unrounded_{column}": made[column] for column in MONEY}
    return {**unrounded, **made}


def unrounded(*sums: str) -> Row:
    return {f"unrounded_{column}": total for column, total in zip(MONEY, sums, strict=True)}


def customer_measures(
    spark: SparkSession,
    *activities: Row,
    money_unit: str = "0.01",
    columns: str = ACTIVITY,
) -> DataFrame:
    inputs = {
        "customer_activity": table(spark, columns, activities),
        "business_unit_texts": table(spark, TEXTS, [(0, "Core"), (1, "Support"), (2, "")]),
        "cs_representative_texts": table(spark, TEXTS, [(0, "Adam"), (1, "Eve"), (2, "")]),
        "region_texts": table(spark, TEXTS, [(0, ""), (1, "East"), (2, "North")]),
    }
    return run_step(spark, "features", "customer_measures", inputs, money_unit=Decimal(money_unit))


def half_away_from_zero(exact: Fraction) -> int:
    size = int(abs(exact) + Fraction(1, 2))
    return size if exact > 0 else -size


def in_hundredths(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def check_trends(spark: SparkSession, cases: list[tuple[str, int | None, int | None, str | None]]) -> None:
    """Compares the trends of (key, recent events, earlier events, trend)."""
    result = customer_measures(
        spark,
        *(activity(key, recent_events=recent, earlier_events=before) for key, recent, before, _ in cases),
    )

    assert_rows(
        result,
        FEATURES,
        *(
            features(key, recent_events=recent or 0, earlier_events=before or 0, events_trend=trend)
            for key, recent, before, trend in cases
        ),
    )


def test_an_active_customer_has_every_measure(spark: SparkSession) -> None:
    result = customer_measures(spark, activity("c1"), activity("C1"))

    assert_rows(result, FEATURES, features("c1"), features("C1"))


def test_each_code_becomes_its_text_again(spark: SparkSession) -> None:
    result = customer_measures(
        spark,
        activity("c1", main_unit_code=1, representative_code=0, region_code=1),
        activity("c2", main_unit_code=2, representative_code=2, region_code=0),
    )

    assert_rows(
        result,
        FEATURES,
        features("c1", main_business_unit="Support", cs_representative="Adam", region="East"),
        features("c2", main_business_unit="", cs_representative="", region=""),
    )


def test_the_code_of_null_becomes_null(spark: SparkSession) -> None:
    result = customer_measures(
        spark,
        activity("c1", main_unit_code=NULL_CODE),
        activity("c2", representative_code=NULL_CODE),
        activity("c3", region_code=NULL_CODE),
    )

    assert_rows(
        result,
        FEATURES,
        features("c1", main_business_unit=None),
        features("c2", cs_representative=None),
        features("c3", region=None),
    )


def test_a_customer_without_an_event_in_the_window_has_zeros_and_its_history(spark: SparkSession) -> None:
    quiet = activity(
        "c2",
        revenue_units=None,
        margin_units=None,
        total_events=None,
        recent_events=None,
        earlier_events=None,
        active_months=0,
        distinct_products=0,
        distinct_business_units=0,
        main_unit_code=None,
        representative_code=None,
        region_code=None,
        last_event_date="2023-12-31",
        lifetime_revenue_units=-1,
        total_accounts=0,
        active_accounts=0,
        unknown_accounts=0,
    )

    result = customer_measures(spark, activity("c1"), quiet)

    assert_rows(
        result,
        FEATURES,
        features("c1"),
        features(
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
            recent_events=0,
            earlier_events=0,
            events_trend=None,
            distinct_products=0,
            distinct_business_units=0,
            active_accounts=0,
            total_accounts=0,
            revenue_per_active_account=None,
            last_event_date="2023-12-31",
            days_since_last_event=366,
            lifetime_revenue="-0.01",
            unknown_accounts=0,
        ),
    )


def test_unknown_and_conflicting_accounts_and_event_rows_are_passed_on(spark: SparkSession) -> None:
    accounts = {"total_accounts": 8, "active_accounts": 5, "unknown_accounts": 7, "conflicting_accounts": 4}

    result = customer_measures(spark, activity("c1", event_rows=4_294_967_294, **accounts))

    assert_rows(
        result,
        FEATURES,
        features("c1", revenue_per_active_account="40.00", event_rows=4_294_967_294, **accounts),
    )


def test_without_an_active_account_there_is_no_revenue_per_account(spark: SparkSession) -> None:
    result = customer_measures(
        spark,
        activity("c1"),
        activity("c2", active_accounts=0, total_accounts=4),
        activity("c3", active_accounts=0, total_accounts=0),
    )

    assert_rows(
        result,
        FEATURES,
        features("c1"),
        features("c2", active_accounts=0, total_accounts=4, revenue_per_active_account=None),
        features("c3", active_accounts=0, total_accounts=0, revenue_per_active_account=None),
    )


def test_revenue_per_active_account_rounds_half_up_away_from_zero(spark: SparkSession) -> None:
    two = {"active_accounts": 2, "total_accounts": 2}
    three = {"active_accounts": 3, "total_accounts": 3}

    result = customer_measures(
        spark,
        activity("tie", revenue_units=10001, margin_units=0, **two),
        activity("refunds", revenue_units=-10001, margin_units=0, **two),
        activity("thirds", revenue_units=10000, margin_units=0, **three),
    )

    no_margin = {"total_gross_margin": "0.00", "margin_rate_pct": "0.00"}
    assert_rows(
        result,
        FEATURES,
        features("tie", total_revenue="100.01", revenue_per_active_account="50.01", **two, **no_margin),
        features("refunds", total_revenue="-100.01", revenue_per_active_account="-50.01", **two, **no_margin),
        features("thirds", total_revenue="100.00", revenue_per_active_account="33.33", **three, **no_margin),
    )


def test_without_revenue_there_is_no_margin_rate(spark: SparkSession) -> None:
    result = customer_measures(
        spark,
        activity("c1", revenue_units=0, margin_units=-500),
        activity("c2", revenue_units=0, margin_units=0),
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
    result = customer_measures(
        spark,
        activity("gain", revenue_units=80000, margin_units=1004),
        activity("loss", revenue_units=80000, margin_units=-1004),
        activity("refunds", revenue_units=-80000, margin_units=1004),
        activity("both", revenue_units=-80000, margin_units=-1004),
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
    result = customer_measures(
        spark, activity("c1", revenue_units=90_000_000_000_002_249, margin_units=1_120_500_000_000_028)
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
    result = customer_measures(spark, activity("c1", revenue_units=1, margin_units=-(10**17)))

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


def test_the_margin_rate_is_exact_where_whole_numbers_give_way_to_decimals(spark: SparkSession) -> None:
    cases = [
        (3 * 10**15, 4 * 10**14 - 1),
        (3 * 10**15, 4 * 10**14),
        (3 * 10**15, 4 * 10**14 + 1),
        (10**17 - 1, 4 * 10**14 - 1),
        (10**17, 4 * 10**14 - 1),
        (10**17 - 1, 10**17 - 1),
        (10**18 - 1, 10**18 - 1),
        (10**18 - 1, 1),
        (7, 10**18 - 1),
    ]
    signed = [(sign * revenue, margin) for revenue, margin in cases for sign in (1, -1)]

    result = customer_measures(
        spark,
        *(activity(f"{n}", revenue_units=r, margin_units=m) for n, (r, m) in enumerate(signed)),
    )

    assert_rows(
        result,
        FEATURES,
        *(
            features(
                f"{n}",
                total_revenue=in_hundredths(revenue),
                total_gross_margin=in_hundredths(margin),
                margin_rate_pct=in_hundredths(half_away_from_zero(Fraction(margin * 10000, revenue))),
                revenue_per_active_account=in_hundredths(revenue),
            )
            for n, (revenue, margin) in enumerate(signed)
        ),
    )


def test_sums_are_rounded_half_up_to_cents_once_and_then_used(spark: SparkSession) -> None:
    # 7.499999 of 0.015 would be 49999.99 percent, and 0.015 of two accounts 0.0075 each.
    up = {"revenue_units": 4999, "margin_units": 15000, "lifetime_revenue_units": 5000}
    result = customer_measures(
        spark,
        activity("up", **up),
        activity("down", **{column: -units for column, units in up.items()}),
        activity("exact", revenue_units=10000, margin_units=20000, lifetime_revenue_units=30000),
        activity("shared", revenue_units=15000, margin_units=7_499_999, active_accounts=2),
        money_unit="0.000001",
    )

    margin = {"margin_rate_pct": None, "revenue_per_active_account": "0.00"}
    assert_rows(
        result,
        FEATURES,
        features(
            "up",
            **margin,
            **dict(zip(MONEY, ("0.00", "0.02", "0.01"), strict=True)),
            **unrounded("0.004999", "0.015000", "0.005000"),
        ),
        features(
            "down",
            **margin,
            **dict(zip(MONEY, ("0.00", "-0.02", "-0.01"), strict=True)),
            **unrounded("-0.004999", "-0.015000", "-0.005000"),
        ),
        features(
            "exact",
            margin_rate_pct="200.00",
            revenue_per_active_account="0.01",
            **dict(zip(MONEY, ("0.01", "0.02", "0.03"), strict=True)),
        ),
        features(
            "shared",
            margin_rate_pct="37500.00",
            revenue_per_active_account="0.01",
            active_accounts=2,
            **dict(zip(MONEY, ("0.02", "7.50", "0.05"), strict=True)),
            **unrounded("0.015000", "7.499999", "0.050000"),
        ),
    )


def test_a_sum_that_its_column_cannot_hold_is_null_and_stays_unrounded(spark: SparkSession) -> None:
    held, beyond = 10**22 - 5001, 10**22 - 5000  # in 10^-6, up to 9999999999999999.99 and rounded over it
    events = {"total_events": 2**63 - 1, "recent_events": 2**63 - 1, "earlier_events": -(2**63)}
    result = customer_measures(
        spark,
        activity("held", revenue_units=held, margin_units=-held, lifetime_revenue_units=held, **events),
        activity(
            "beyond",
            revenue_units=beyond,
            margin_units=-beyond,
            lifetime_revenue_units=10**28,
            **{column: value * 2 for column, value in events.items()},
        ),
        money_unit="0.000001",
        columns=WIDE,
    )

    most = "9999999999999999.99"
    assert_rows(
        result,
        FEATURES,
        features(
            "held",
            margin_rate_pct="-100.00",
            revenue_per_active_account=most,
            events_per_active_month=(2**63 - 1) / 6,
            events_trend="-2",
            **events,
            **dict(zip(MONEY, (most, f"-{most}", most), strict=True)),
            **unrounded("9999999999999999.994999", "-9999999999999999.994999", "9999999999999999.994999"),
        ),
        features(
            "beyond",
            **dict.fromkeys(
                ("margin_rate_pct", "revenue_per_active_account", "events_trend", *events, *MONEY)
            ),
            events_per_active_month=None,
            **unrounded("9999999999999999.995", "-9999999999999999.995", "10000000000000000000000"),
        ),
    )


def test_events_per_active_month_is_the_double_quotient(spark: SparkSession) -> None:
    result = customer_measures(
        spark,
        activity("c1", total_events=1, active_months=3),
        activity("c2", total_events=0, active_months=13),
    )

    assert_rows(
        result,
        FEATURES,
        features("c1", total_events=1, active_months=3, events_per_active_month=1 / 3),
        features("c2", total_events=0, active_months=13, events_per_active_month=0.0),
    )


def test_the_trend_is_the_change_over_the_earlier_events_rounded_half_up(spark: SparkSession) -> None:
    cases: list[tuple[str, int | None, int | None, str | None]] = [
        ("up", 5, 4, "0.25"),
        ("down", 1, 3, "-0.666667"),
        ("gone", None, 3, "-1"),
        ("came", 3, None, None),
        ("of none", 3, 0, None),
        ("tie", 2_000_001, 2_000_000, "0.000001"),
        ("tie below", 1_999_999, 2_000_000, "-0.000001"),
        ("just less than a tie", 2_000_002, 2_000_001, "0.000000"),
    ]

    check_trends(spark, cases)


def test_the_trend_is_exact_where_whole_numbers_give_way_to_decimals(spark: SparkSession) -> None:
    few = 10**12 - 1

    check_trends(
        spark,
        [
            ("few", few, few - 1, "0.000000"),
            ("few gone", None, few, "-1"),
            ("many", 3 * few, 2 * few, "0.5"),
            ("many after few", few + 1, 2, "499999999999"),
            ("few after many", 1, few + 1, "-1"),
            ("many gone", None, few + 1, "-1"),
            ("many came", few + 1, None, None),
        ],
    )


def test_days_since_the_last_event_are_counted_to_as_of(spark: SparkSession) -> None:
    keys_and_days = [("c1", "2024-03-01"), ("c2", "2024-02-29"), ("c3", "2024-02-28")]

    result = customer_measures(
        spark,
        *(activity(key, as_of="2024-03-01", last_event_date=day) for key, day in keys_and_days),
        activity("c1"),
    )

    assert_rows(
        result,
        FEATURES,
        features("c1", as_of="2024-03-01", last_event_date="2024-03-01", days_since_last_event=0),
        features("c2", as_of="2024-03-01", last_event_date="2024-02-29", days_since_last_event=1),
        features("c3", as_of="2024-03-01", last_event_date="2024-02-28", days_since_last_event=2),
        features("c1"),
    )

from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

FACTS = (
    "as_of DATE, customer_key STRING, customer_name STRING, region STRING, total_revenue DECIMAL(18,2), "
    "total_gross_margin DECIMAL(18,2), total_events BIGINT, active_months INT, recent_events BIGINT, "
    "earlier_events BIGINT, events_trend DECIMAL(38,6), distinct_products INT, distinct_business_units INT, "
    "active_accounts INT, total_accounts INT, first_event_date DATE, lifetime_revenue DECIMAL(18,2), "
    "unknown_accounts INT, conflicting_accounts INT, event_rows BIGINT"
)
PROFILES = (
    "as_of DATE, customer_key STRING, "
    "customer_name STRING, arr DECIMAL(18,2), mrr DECIMAL(18,2), user_growth_rate DECIMAL(18,6), "
    "seats_used BIGINT, seats_bought BIGINT, use_cases_matched BIGINT, use_cases_total BIGINT, "
    "nps DECIMAL(18,6), health_score DECIMAL(18,6), renewal_date DATE, known_since DATE"
)
PROFILED = (
    "as_of DATE, customer_key STRING, customer_name STRING, total_revenue DECIMAL(18,2), "
    "total_gross_margin DECIMAL(18,2), total_events BIGINT, active_months INT, recent_events BIGINT, "
    "earlier_events BIGINT, distinct_products INT, distinct_business_units INT, active_accounts INT, "
    "total_accounts INT, lifetime_revenue DECIMAL(18,2), region STRING, events_trend DECIMAL(38,6), "
    "first_event_date DATE, nps DECIMAL(18,6), renewal_date DATE, known_since DATE, arr DECIMAL(18,2), "
    "arr_source STRING, growth_rate DECIMAL(38,6), growth_source STRING, given_health_score DECIMAL(18,6), "
    "seats_used BIGINT, seats_bought BIGINT, seats_used_share DECIMAL(38,6), use_cases_matched BIGINT, "
    "use_cases_total BIGINT, use_cases_matched_share DECIMAL(38,6), days_to_renewal INT, "
    "unknown_accounts INT, conflicting_accounts INT, event_rows BIGINT"
)

Row = dict[str, Any]
AS_OF = "2024-12-31"
COUNTS_AND_MONEY: Row = {
    "total_revenue": "200.00",
    "total_gross_margin": "50.00",
    "total_events": 9,
    "active_months": 6,
    "recent_events": 6,
    "earlier_events": 3,
    "distinct_products": 3,
    "distinct_business_units": 2,
    "active_accounts": 1,
    "total_accounts": 2,
    "lifetime_revenue": "500.00",
    "unknown_accounts": 4,
    "conflicting_accounts": 1,
    "event_rows": 20,
}
OTHER_FACTS: Row = {"region": "North", "events_trend": "1", "first_event_date": "2020-05-01"}
PASSED_ON: Row = {
    "seats_used": 30,
    "seats_bought": 40,
    "use_cases_matched": 1,
    "use_cases_total": 3,
    "nps": "55",
    "renewal_date": "2025-01-30",
    "known_since": "2023-01-01",
}


def fact(key: str, **changes: Any) -> Row:
    """Ordinary facts of a customer, but for the changes."""
    return {
        "as_of": AS_OF,
        "customer_key": key,
        "customer_name": "Ann",
        **COUNTS_AND_MONEY,
        **OTHER_FACTS,
        **changes,
    }


def profile(key: str, **changes: Any) -> Row:
    """An ordinary profile, but for the changes."""
    given = {"arr": "1000.00", "mrr": None, "user_growth_rate": "0.25", "health_score": "70.5"}
    return {"as_of": AS_OF, "customer_key": key, "customer_name": "Profile", **PASSED_ON, **given, **changes}


def profiled(key: str, **changes: Any) -> Row:
    """What ordinary facts and an ordinary profile make, but for the changes."""
    ordinary = {
        "as_of": AS_OF,
        "customer_key": key,
        "customer_name": "Ann",
        **COUNTS_AND_MONEY,
        **OTHER_FACTS,
        **PASSED_ON,
        "arr": "1000.00",
        "arr_source": "given",
        "growth_rate": "0.25",
        "growth_source": "given",
        "given_health_score": "70.5",
        "seats_used_share": "0.75",
        "use_cases_matched_share": "0.333333",
        "days_to_renewal": 30,
    }
    return {**ordinary, **changes}


NO_PROFILE: Row = {
    **dict.fromkeys(PASSED_ON),
    "arr": "200.00",
    "arr_source": "revenue",
    "growth_rate": "1",
    "growth_source": "events",
    "given_health_score": None,
    "seats_used_share": None,
    "use_cases_matched_share": None,
    "days_to_renewal": None,
}


def profiled_customers(spark: SparkSession, facts: list[Row], profiles: list[Row]) -> DataFrame:
    inputs = {
        "active_customers": table(spark, FACTS, facts),
        "customer_profiles": table(spark, PROFILES, profiles),
    }
    return run_step(spark, "features", "profiled_customers", inputs)


def test_measures_of_the_profile_stand_beside_those_of_the_facts(spark: SparkSession) -> None:
    result = profiled_customers(spark, [fact("c1")], [profile("c1")])

    assert_rows(result, PROFILED, profiled("c1"))


def test_a_customer_without_a_profile_falls_back_to_its_facts(spark: SparkSession) -> None:
    result = profiled_customers(spark, [fact("c1"), fact("c2")], [profile("c1"), profile("C2")])

    profile_alone = {
        **dict.fromkeys(COUNTS_AND_MONEY, 0),
        **dict.fromkeys(OTHER_FACTS),
        "customer_name": "Profile",
    }
    assert_rows(
        result,
        PROFILED,
        profiled("c1"),
        profiled("c2", **NO_PROFILE),
        profiled("C2", **profile_alone),
    )


def test_what_a_profile_does_not_tell_falls_back_each_by_itself(spark: SparkSession) -> None:
    result = profiled_customers(
        spark,
        [fact("c1"), fact("c2"), fact("c3", events_trend=None), fact("c4"), fact("c5"), fact("c6")],
        [
            profile("c1", arr=None),
            profile("c2", user_growth_rate=None),
            profile("c3", user_growth_rate=None),
            profile("c4", arr=None, mrr="10.01"),
            profile("c5", mrr="10.01"),
            profile("c6", arr=None, mrr="9999999999999999.99"),
        ],
    )

    assert_rows(
        result,
        PROFILED,
        profiled("c1", arr="200.00", arr_source="revenue"),
        profiled("c2", growth_rate="1", growth_source="events"),
        profiled("c3", events_trend=None, growth_rate=None, growth_source=None),
        profiled("c4", arr="120.12", arr_source="mrr"),
        profiled("c5"),
        profiled("c6", arr=None, arr_source="mrr"),
    )


def test_nothing_given_and_no_event_in_the_window_leaves_arr_unknown(spark: SparkSession) -> None:
    quiet = {"total_revenue": "0.00", "active_months": 0, "events_trend": None}
    unknown = {"arr": None, "user_growth_rate": None, "health_score": None}

    result = profiled_customers(
        spark, [fact("c1", **quiet)], [profile("c1", **unknown), profile("c2", **unknown)]
    )

    without = {
        "arr": None,
        "arr_source": None,
        "growth_rate": None,
        "growth_source": None,
        "given_health_score": None,
    }
    never = {**dict.fromkeys(COUNTS_AND_MONEY, 0), **dict.fromkeys(OTHER_FACTS)}
    assert_rows(
        result,
        PROFILED,
        profiled("c1", **{**quiet, **without}),
        profiled("c2", customer_name="Profile", **never, **without),
    )


def test_a_sum_that_its_column_cannot_hold_stays_null(spark: SparkSession) -> None:
    sums = ("total_revenue", "total_gross_margin", "lifetime_revenue")
    beyond = dict.fromkeys((*sums, "total_events", "recent_events", "earlier_events"))

    result = profiled_customers(spark, [fact("c1", **beyond)], [profile("c1")])

    assert_rows(result, PROFILED, profiled("c1", **beyond))


def test_given_nothing_is_not_unknown(spark: SparkSession) -> None:
    result = profiled_customers(
        spark,
        [fact("c1", customer_name=None)],
        [profile("c1", arr="0.00", user_growth_rate="0", health_score="0", seats_used=0)],
    )

    nothing = {"arr": "0.00", "growth_rate": "0", "given_health_score": "0"}
    assert_rows(
        result,
        PROFILED,
        profiled("c1", customer_name=None, seats_used=0, seats_used_share="0", **nothing),
    )


def test_shares_round_half_up_and_nothing_bought_has_none(spark: SparkSession) -> None:
    result = profiled_customers(
        spark,
        [],
        [
            profile("c1", seats_used=1, seats_bought=2_000_000, use_cases_matched=2, use_cases_total=3),
            profile("c2", seats_used=5, seats_bought=0, use_cases_matched=0, use_cases_total=0),
            profile("c3", seats_used=None, seats_bought=2, use_cases_matched=2, use_cases_total=None),
            profile("c4", seats_used=9, seats_bought=4, use_cases_matched=10**15, use_cases_total=1),
        ],
    )

    def shares(key: str, *figures: Any) -> Row:
        names = (
            *("seats_used", "seats_bought", "use_cases_matched", "use_cases_total"),
            *("seats_used_share", "use_cases_matched_share"),
        )
        never = {**dict.fromkeys(COUNTS_AND_MONEY, 0), **dict.fromkeys(OTHER_FACTS)}
        return profiled(key, customer_name="Profile", **never, **dict(zip(names, figures, strict=True)))

    assert_rows(
        result,
        PROFILED,
        shares("c1", 1, 2_000_000, 2, 3, "0.000001", "0.666667"),
        shares("c2", 5, 0, 0, 0, None, None),
        shares("c3", None, 2, 2, None, None, None),
        shares("c4", 9, 4, 10**15, 1, "2.25", f"{10**15}"),
    )


def test_days_to_renewal_are_counted_from_as_of_and_below_zero_when_it_is_past(spark: SparkSession) -> None:
    days = {"2024-12-31": 0, "2025-03-31": 90, "2024-12-30": -1}

    result = profiled_customers(
        spark, [fact(day) for day in days], [profile(day, renewal_date=day) for day in days]
    )

    assert_rows(
        result,
        PROFILED,
        *(profiled(day, renewal_date=day, days_to_renewal=count) for day, count in days.items()),
    )

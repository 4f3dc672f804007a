from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

FROM_SCORES = "from_scores STRUCT<from_profitability_score: DECIMAL(9,6), from_adherence_score: DECIMAL(9,6)>"
TO_SCORES = "to_scores STRUCT<to_profitability_score: DECIMAL(9,6), to_adherence_score: DECIMAL(9,6)>"
SNAPSHOT = (
    "customer_key STRING, customer_name STRING, tier STRING, action_flag STRING, "
    "total_revenue DECIMAL(18,2), total_gross_margin DECIMAL(18,2), first_event_date DATE, "
    "arr DECIMAL(18,2), health_score DECIMAL(18,6)"
)
MODEL_TIERS = "tier STRING, tier_name STRING, tier_position INT"
MOVEMENTS = (
    f"customer_key STRING, customer_name STRING, movement STRING, from_tier STRING, to_tier STRING, "
    f"{FROM_SCORES}, {TO_SCORES}, revenue_before DECIMAL(18,2), revenue_after DECIMAL(18,2), "
    f"revenue_impact DECIMAL(19,2), arr_before DECIMAL(18,2), arr_after DECIMAL(18,2), "
    f"arr_impact DECIMAL(19,2), health_before DECIMAL(18,6), health_after DECIMAL(18,6), "
    f"from_action_flag STRING, to_action_flag STRING"
)
# Neither the alphabet nor its reverse gives this order.
TIERS = [("Gold", "The best", 0), ("Bronze", "The middle", 1), ("Silver", "The rest", 2)]
PREVIOUS_AS_OF = date(2024, 9, 30)

Row = dict[str, Any]


def scored(key: str, tier: str = "Gold", **changes: Any) -> Row:
    """A row of a snapshot, but for its scores."""
    ordinary = {
        "customer_key": key,
        "customer_name": "Ann",
        "tier": tier,
        "action_flag": "REGULAR",
        "total_revenue": "100.00",
        "total_gross_margin": "40.00",
        "first_event_date": "2020-05-01",
        "arr": None,
        "health_score": None,
    }
    return {**ordinary, **changes}


def moved(key: str, movement: str, from_tier: str | None, to_tier: str | None, **changes: Any) -> Row:
    """What ordinary rows of the snapshots make; a side where the customer isn't scored is empty."""
    before, after = from_tier is not None, to_tier is not None
    ordinary = {
        "customer_key": key,
        "customer_name": "Ann",
        "movement": movement,
        "from_tier": from_tier,
        "to_tier": to_tier,
        "from_scores": ("10.000001", "20.000002") if before else None,
        "to_scores": ("30.000003", "40.000004") if after else None,
        "revenue_before": "100.00" if before else "0.00",
        "revenue_after": "100.00" if after else "0.00",
        "revenue_impact": f"{100 * (after - before)}.00",
        "arr_before": None,
        "arr_after": None,
        "arr_impact": None,
        "health_before": None,
        "health_after": None,
        "from_action_flag": "REGULAR" if before else None,
        "to_action_flag": "REGULAR" if after else None,
    }
    return {**ordinary, **changes}


def movements(
    spark: SparkSession,
    previous: Sequence[Row],
    current: Sequence[Row],
    previous_as_of: date | None = PREVIOUS_AS_OF,
    compares_arr: bool = False,
) -> DataFrame:
    before = [{**row, "from_scores": ("10.000001", "20.000002")} for row in previous]
    after = [{**row, "to_scores": ("30.000003", "40.000004")} for row in current]
    inputs = {
        "previous_snapshot": table(spark, f"{SNAPSHOT}, {FROM_SCORES}", before),
        "current_snapshot": table(spark, f"{SNAPSHOT}, {TO_SCORES}", after),
        "model_tiers": table(spark, MODEL_TIERS, TIERS),
    }
    values = {"previous_as_of": previous_as_of, "compares_arr": compares_arr}
    return run_step(spark, "migration", "movements", inputs, **values)


def test_a_customer_whose_first_event_came_after_the_previous_snapshot_is_new(spark: SparkSession) -> None:
    result = movements(
        spark,
        previous=[],
        current=[
            scored("c1", "Gold", first_event_date="2024-10-01"),
            scored("c2", first_event_date="2024-12-31"),
        ],
    )

    assert_rows(result, MOVEMENTS, moved("c1", "new", None, "Gold"), moved("c2", "new", None, "Gold"))


def test_a_customer_not_scored_before_with_an_older_first_event_has_returned(spark: SparkSession) -> None:
    result = movements(
        spark,
        previous=[],
        current=[
            scored("on the day", first_event_date="2024-09-30"),
            scored("long ago", first_event_date="2020-05-01"),
        ],
    )

    assert_rows(
        result,
        MOVEMENTS,
        moved("on the day", "returned", None, "Gold"),
        moved("long ago", "returned", None, "Gold"),
    )


def test_a_customer_scored_before_and_not_now_has_churned_with_all_its_revenue(spark: SparkSession) -> None:
    result = movements(
        spark,
        previous=[
            scored("c1", "Silver", action_flag="WARNING", total_revenue="0.01"),
            scored("c2", "Gold", customer_name=None, total_revenue="-5.00"),
        ],
        current=[],
    )

    assert_rows(
        result,
        MOVEMENTS,
        moved(
            "c1",
            "churned",
            "Silver",
            None,
            from_action_flag="WARNING",
            revenue_before="0.01",
            revenue_impact="-0.01",
        ),
        moved(
            "c2", "churned", "Gold", None, customer_name=None, revenue_before="-5.00", revenue_impact="5.00"
        ),
    )


def test_the_order_of_the_models_tiers_makes_upgrades_and_downgrades(spark: SparkSession) -> None:
    tiers = {
        "up": ("Bronze", "Gold"),
        "up by one": ("Silver", "Bronze"),
        "down": ("Gold", "Bronze"),
        "down by one": ("Bronze", "Silver"),
        "same": ("Bronze", "Bronze"),
    }

    result = movements(
        spark,
        previous=[scored(key, before) for key, (before, _) in tiers.items()],
        current=[scored(key, after) for key, (_, after) in tiers.items()],
    )

    assert_rows(
        result,
        MOVEMENTS,
        moved("up", "upgraded", "Bronze", "Gold"),
        moved("up by one", "upgraded", "Silver", "Bronze"),
        moved("down", "downgraded", "Gold", "Bronze"),
        moved("down by one", "downgraded", "Bronze", "Silver"),
        moved("same", "unchanged", "Bronze", "Bronze"),
    )


def test_a_tier_that_the_model_no_longer_has_is_below_all_others(spark: SparkSession) -> None:
    result = movements(
        spark,
        previous=[scored("c1", "Abolished"), scored("c2", "Abolished")],
        current=[scored("c1", "Silver"), scored("c2", "Gold")],
    )

    assert_rows(
        result,
        MOVEMENTS,
        moved("c1", "upgraded", "Abolished", "Silver"),
        moved("c2", "upgraded", "Abolished", "Gold"),
    )


def test_a_changed_flag_alone_is_no_change_of_tier(spark: SparkSession) -> None:
    result = movements(
        spark,
        previous=[scored("c1", action_flag="NEW")],
        current=[scored("c1", action_flag="CHURN_RISK")],
    )

    assert_rows(
        result,
        MOVEMENTS,
        moved("c1", "unchanged", "Gold", "Gold", from_action_flag="NEW", to_action_flag="CHURN_RISK"),
    )


def test_the_first_event_does_not_matter_to_those_scored_before(spark: SparkSession) -> None:
    result = movements(spark, previous=[scored("c1")], current=[scored("c1", first_event_date="2024-12-01")])

    assert_rows(result, MOVEMENTS, moved("c1", "unchanged", "Gold", "Gold"))


@pytest.mark.parametrize(
    ("before", "after", "impact"),
    [
        pytest.param("100.00", "30.50", "-69.50", id="loss"),
        pytest.param("-50.00", "100.00", "150.00", id="refunds before"),
        pytest.param("-9999999999999999.99", "9999999999999999.99", "19999999999999999.98", id="huge"),
    ],
)
def test_the_impact_is_the_difference_of_revenues(
    spark: SparkSession, before: str, after: str, impact: str
) -> None:
    result = movements(
        spark, previous=[scored("c1", total_revenue=before)], current=[scored("c1", total_revenue=after)]
    )

    revenues = {"revenue_before": before, "revenue_after": after, "revenue_impact": impact}
    assert_rows(result, MOVEMENTS, moved("c1", "unchanged", "Gold", "Gold", **revenues))


def test_customers_with_arr_have_its_impact_which_is_none_of_those_not_known(spark: SparkSession) -> None:
    result = movements(
        spark,
        previous=[
            scored("grown", arr="10.00"),
            scored("unknown now", arr="10.00"),
            scored("never known"),
            scored("gone", arr="10.00"),
        ],
        current=[
            scored("grown", arr="12.50"),
            scored("unknown now"),
            scored("never known"),
            scored("back", arr="3.00"),
        ],
        compares_arr=True,
    )

    def arr(before: str, after: str, impact: str) -> Row:
        return {"arr_before": before, "arr_after": after, "arr_impact": impact}

    assert_rows(
        result,
        MOVEMENTS,
        moved("grown", "unchanged", "Gold", "Gold", **arr("10.00", "12.50", "2.50")),
        moved("unknown now", "unchanged", "Gold", "Gold", **arr("10.00", "0.00", "-10.00")),
        moved("never known", "unchanged", "Gold", "Gold", **arr("0.00", "0.00", "0.00")),
        moved("gone", "churned", "Gold", None, **arr("10.00", "0.00", "-10.00")),
        moved("back", "returned", None, "Gold", **arr("0.00", "3.00", "3.00")),
    )


def test_health_is_that_of_each_snapshot_and_unknown_where_it_was_not_known(spark: SparkSession) -> None:
    result = movements(
        spark,
        previous=[scored("c1", health_score="39.5"), scored("c2"), scored("c3", health_score="100")],
        current=[scored("c1", health_score="61"), scored("c2", health_score="0"), scored("c4")],
    )

    assert_rows(
        result,
        MOVEMENTS,
        moved("c1", "unchanged", "Gold", "Gold", health_before="39.5", health_after="61"),
        moved("c2", "unchanged", "Gold", "Gold", health_after="0"),
        moved("c3", "churned", "Gold", None, health_before="100"),
        moved("c4", "returned", None, "Gold"),
    )


def test_the_name_is_the_present_one_even_if_there_is_none(spark: SparkSession) -> None:
    result = movements(
        spark,
        previous=[scored("c1", customer_name="Before"), scored("c2", customer_name="Before")],
        current=[scored("c1", customer_name="After"), scored("c2", customer_name=None)],
    )

    assert_rows(
        result,
        MOVEMENTS,
        moved("c1", "unchanged", "Gold", "Gold", customer_name="After"),
        moved("c2", "unchanged", "Gold", "Gold", customer_name=None),
    )


def test_keys_compare_as_they_are(spark: SparkSession) -> None:
    result = movements(spark, previous=[scored("c1")], current=[scored("C1")])

    assert_rows(
        result, MOVEMENTS, moved("c1", "churned", "Gold", None), moved("C1", "returned", None, "Gold")
    )


def test_nobody_has_moved_in_the_first_snapshot(spark: SparkSession) -> None:
    result = movements(
        spark, previous=[], current=[scored("c1"), scored("c2", "Silver")], previous_as_of=None
    )

    assert_rows(result, MOVEMENTS)

from collections.abc import Sequence
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

MOVEMENTS = (
    "customer_key STRING, customer_name STRING, movement STRING, from_tier STRING, to_tier STRING, "
    "from_scores STRUCT<from_value_score: DECIMAL(9,6)>, to_scores STRUCT<to_value_score: DECIMAL(9,6)>, "
    "revenue_before DECIMAL(18,2), revenue_after DECIMAL(18,2), revenue_impact DECIMAL(19,2), "
    "arr_before DECIMAL(18,2), arr_after DECIMAL(18,2), arr_impact DECIMAL(19,2), "
    "health_before DECIMAL(18,6), health_after DECIMAL(18,6), "
    "from_action_flag STRING, to_action_flag STRING"
)
EXCLUDED = "customer_key STRING, reason STRING"
MIGRATION = (
    "previous_as_of DATE, customer_key STRING, customer_name STRING, movement STRING, "
    "from_tier STRING, to_tier STRING, from_value_score DECIMAL(9,6), to_value_score DECIMAL(9,6), "
    "revenue_before DECIMAL(18,2), revenue_after DECIMAL(18,2), revenue_impact DECIMAL(19,2), "
    "arr_before DECIMAL(18,2), arr_after DECIMAL(18,2), arr_impact DECIMAL(19,2), "
    "health_before DECIMAL(18,6), health_after DECIMAL(18,6), "
    "from_action_flag STRING, to_action_flag STRING, exclusion_reason STRING"
)

# The sums of revenue, those of ARR, and the health scores.
GROWN = ("10.00", "30.00", "20.00", "1.00", "4.00", "3.00", "40", "60.5")
SHRUNK = ("10.00", "-5.00", "-15.00", "4.00", "0.00", "-4.00", "60", None)
CAME = ("0.00", "5.00", "5.00", None, None, None, None, "99.999999")
SAME = ("10.00", "10.00", "0.00", None, None, None, None, None)
LEFT = ("10.00", "0.00", "-10.00", "2.00", "0.00", "-2.00", "0", None)

UPGRADED = ("c1", "Ann", "upgraded", "B", "A", ("1.5",), ("2.5",), *GROWN, "NEW", "NEW")
DOWNGRADED = ("c2", "Bob", "downgraded", "A", "D", ("2",), ("1",), *SHRUNK, "NEW", "NEW")
NEW = ("c3", "Cid", "new", None, "D", None, ("3",), *CAME, None, "NEW")
RETURNED = ("c4", "Dan", "returned", None, "A", None, ("4",), *CAME, None, "REGULAR")
UNCHANGED = ("c5", "Eve", "unchanged", "A", "A", ("5",), ("6",), *GROWN, "NEW", "NEW")
REFLAGGED = ("c6", "Fay", "unchanged", "A", "A", ("5",), ("5",), *SAME, "NEW", "XSELL")


def churned(key: str) -> tuple[Any, ...]:
    return (key, "Gus", "churned", "C", None, ("7",), None, *LEFT, "WARNING", None)


def tier_migration(
    spark: SparkSession,
    movements: Sequence[tuple[Any, ...]],
    excluded: Sequence[tuple[str, str]] = (),
    list_unchanged: bool = False,
) -> DataFrame:
    inputs = {
        "movements": table(spark, MOVEMENTS, movements),
        "excluded_customers": table(spark, EXCLUDED, excluded),
    }
    return run_step(
        spark,
        "migration",
        "tier_migration",
        inputs,
        previous_as_of=date(2024, 9, 30),
        list_unchanged=list_unchanged,
    )


def listed(movement: tuple[Any, ...], exclusion_reason: str | None = None) -> tuple[Any, ...]:
    """A movement as listed, its scores having become columns."""
    key, name, kind, from_tier, to_tier, from_scores, to_scores, *rest = movement
    scores = [side[0] if side else None for side in (from_scores, to_scores)]
    return ("2024-09-30", key, name, kind, from_tier, to_tier, *scores, *rest, exclusion_reason)


def test_changes_of_tier_are_listed(spark: SparkSession) -> None:
    result = tier_migration(spark, [UPGRADED, DOWNGRADED])

    assert_rows(result, MIGRATION, listed(UPGRADED), listed(DOWNGRADED))


def test_changes_of_presence_are_listed(spark: SparkSession) -> None:
    result = tier_migration(spark, [NEW, RETURNED, churned("c7")], [("c7", "no_active_account")])

    assert_rows(result, MIGRATION, listed(NEW), listed(RETURNED), listed(churned("c7"), "no_active_account"))


def test_a_change_of_flag_alone_is_listed(spark: SparkSession) -> None:
    result = tier_migration(spark, [REFLAGGED, UNCHANGED])

    assert_rows(result, MIGRATION, listed(REFLAGGED))


def test_the_unchanged_are_listed_if_configured(spark: SparkSession) -> None:
    result = tier_migration(spark, [REFLAGGED, UNCHANGED, UPGRADED], list_unchanged=True)

    assert_rows(result, MIGRATION, listed(REFLAGGED), listed(UNCHANGED), listed(UPGRADED))


def test_the_churned_have_the_reason_of_their_own_exclusion(spark: SparkSession) -> None:
    result = tier_migration(
        spark,
        [churned("c7"), churned("c8"), UPGRADED],
        [("c7", "no_event_in_window"), ("c8", "no_active_account"), ("never scored", "no_active_account")],
    )

    assert_rows(
        result,
        MIGRATION,
        listed(churned("c7"), "no_event_in_window"),
        listed(churned("c8"), "no_active_account"),
        listed(UPGRADED, None),
    )


def test_the_churned_whose_facts_have_vanished_are_not_in_the_source(spark: SparkSession) -> None:
    result = tier_migration(spark, [churned("c7"), churned("c8")], [("C7", "no_event_in_window")])

    assert_rows(
        result,
        MIGRATION,
        listed(churned("c7"), "not_in_source"),
        listed(churned("c8"), "not_in_source"),
    )


def test_without_movements_nothing_is_listed(spark: SparkSession) -> None:
    result = tier_migration(spark, [], [("c7", "no_active_account")], list_unchanged=True)

    assert_rows(result, MIGRATION)

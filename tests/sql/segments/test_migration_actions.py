from pyspark.sql import DataFrame, SparkSession

from tests.sql.segments.shapes import CUSTOMER_STATES, SEGMENT_RULES, Row, absent, state
from tests.sql.steps import assert_rows, run_step, table

ACTIONS = (
    "customer_key STRING, customer_name STRING, axis STRING, rule STRING, from_value STRING, "
    "to_value STRING, trigger STRING, mode STRING, action STRING, status STRING, pending_since DATE, "
    "decided_by STRING, decision_reason STRING"
)
UP = ("tier", "B", "A", "up", "Score", "automatic", "Congratulate")
MORE = ("value_segment", "SMB", "Mid", "more", "ARR", "automatic", "Assign")
REVIEW = ("value_segment", "Mid", "Top", "review", "ARR", "manual", "Review")
FALLING = ("behavior_segment", "Steady", "Declining", "falling", "Usage", "automatic", "Call")
LEAVING = ("behavior_segment", "Declining", "churned", "leaving", "Cancelled", "manual", "Win back")
AT_RISK = ("health_state", "Healthy", "At-Risk", "at_risk", "Health", "automatic", "Escalate")
AT_RISK_AT_ONCE = ("health_state", None, "At-Risk", "at_risk", "Health", "automatic", "Escalate")
RULES = [UP, MORE, REVIEW, FALLING, LEAVING, AT_RISK, AT_RISK_AT_ONCE]


def migration_actions(spark: SparkSession, *states: Row) -> DataFrame:
    inputs = {
        "customer_states": table(spark, CUSTOMER_STATES, states),
        "segment_rules": table(spark, SEGMENT_RULES, RULES),
    }
    return run_step(spark, "segments", "migration_actions", inputs)


def fired(
    key: str,
    rule: tuple[str | None, ...],
    status: str = "done",
    pending_since: str | None = None,
    decided: tuple[str | None, str | None] = (None, None),
    *,
    name: str = "Ann",
) -> tuple[str | None, ...]:
    axis, before, after, what, trigger, mode, action = rule
    return (key, name, axis, what, before, after, trigger, mode, action, status, pending_since, *decided)


def test_each_axis_that_changes_fires_its_rule(spark: SparkSession) -> None:
    result = migration_actions(
        spark,
        state("c1", computed_tier="A", candidate_tier="A", held_tier="A"),
        state("c2", computed_value_segment="Mid", held_value_segment="Mid", value_segment_status="done"),
        state("c3", computed_behavior_segment="Declining", computed_health_state="At-Risk"),
    )

    assert_rows(
        result,
        ACTIONS,
        fired("c1", UP),
        fired("c2", MORE),
        fired("c3", FALLING),
        fired("c3", AT_RISK),
    )


def test_without_a_change_or_a_rule_for_it_nothing_fires(spark: SparkSession) -> None:
    result = migration_actions(
        spark,
        state("unchanged"),
        state("no rule", held_tier="C", computed_value_segment="Top", held_value_segment="Top"),
        state("not held yet", computed_tier="A", candidate_tier="A", tier_streak=1),
        state("at risk still", from_health_state="At-Risk", computed_health_state="At-Risk"),
        absent("absent"),
    )

    assert_rows(result, ACTIONS)


def test_overrides_fire_nothing(spark: SparkSession) -> None:
    def override(value: str) -> tuple[str, ...]:
        return ("override", value, "Eve", "Why")

    result = migration_actions(
        spark,
        state(
            "c1",
            on_tier=override("A"),
            on_value_segment=override("Mid"),
            on_behavior_segment=override("Declining"),
            on_health_state=override("At-Risk"),
        ),
    )

    assert_rows(result, ACTIONS)


def test_a_customer_not_there_before_fires_by_its_health_alone(spark: SparkSession) -> None:
    before = {
        "was_scored": False,
        "from_tier": None,
        "from_value_segment": None,
        "from_behavior_segment": None,
        "from_health_state": None,
    }
    # Who was absent keeps its health state, and what else was held before counts no more.
    returned = {**before, "from_tier": "B", "from_behavior_segment": "Steady", "from_health_state": "Healthy"}
    now = {"held_tier": "A", "computed_behavior_segment": "Declining", "computed_health_state": "At-Risk"}

    result = migration_actions(spark, state("new", **before, **now), state("returned", **{**returned, **now}))

    assert_rows(result, ACTIONS, fired("new", AT_RISK_AT_ONCE), fired("returned", AT_RISK))


def test_a_manual_rule_is_told_at_every_snapshot_until_it_is_decided(spark: SparkSession) -> None:
    day = "2024-06-30"
    top = {"from_value_segment": "Mid", "computed_value_segment": "Top", "waiting_since": day}
    approved, rejected = ("approve", "Top", "Eve", "Grows"), ("reject", None, "Zoe", None)
    other = ("approve", "SMB", "Eve", "Grows")

    result = migration_actions(
        spark,
        state("c1", value_segment_status="pending", on_value_segment=other, **top),
        state("c2", value_segment_status="approved", on_value_segment=approved, **top),
        state("c3", value_segment_status="rejected", on_value_segment=rejected, **top),
    )

    assert_rows(
        result,
        ACTIONS,
        fired("c1", REVIEW, "pending", day),
        fired("c2", REVIEW, "approved", day, ("Eve", "Grows")),
        fired("c3", REVIEW, "rejected", day, ("Zoe", None)),
    )


def test_a_customer_who_cancelled_fires_from_the_segment_it_left(spark: SparkSession) -> None:
    day = "2024-06-30"
    leaving = {"is_cancelled": True, "leaving_segment": "Declining", "leaving_since": day}
    approved, rejected = ("approve", "churned", "Eve", None), ("reject", None, "Zoe", "Talks")

    result = migration_actions(
        spark,
        absent("c1", leaving_status="pending", **leaving),
        absent("c2", leaving_status="approved", on_behavior_segment=approved, **leaving),
        absent("c3", leaving_status="rejected", on_behavior_segment=rejected, **leaving),
        absent("c4", is_cancelled=True, leaving_segment="Steady"),
    )

    assert_rows(
        result,
        ACTIONS,
        fired("c1", LEAVING, "pending", day, name="Before"),
        fired("c2", LEAVING, "approved", day, ("Eve", None), name="Before"),
        fired("c3", LEAVING, "rejected", day, ("Zoe", "Talks"), name="Before"),
    )

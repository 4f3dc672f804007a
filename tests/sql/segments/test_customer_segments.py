from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.segments.shapes import CUSTOMER_STATES, Row, absent, computed, state
from tests.sql.steps import assert_rows, run_step, table

SEGMENT_NEEDS = "behavior_segment STRING, typical_needs STRING, engagement_focus STRING"
SEGMENT_LEVELS = "value_segment STRING, service_level STRING, level_position INT"
SERVICE_LEVELS = "service_level STRING, level_position INT"
SEGMENTS = (
    "customer_key STRING, customer_name STRING, is_scored BOOLEAN, computed_tier STRING, tier STRING, "
    "computed_value_segment STRING, value_segment STRING, computed_behavior_segment STRING, "
    "behavior_segment STRING, computed_health_state STRING, health_state STRING, behavior_rule STRING, "
    "typical_needs STRING, engagement_focus STRING, above_since DATE, held_tier STRING, "
    "candidate_tier STRING, tier_streak INT, held_value_segment STRING, value_segment_status STRING, "
    "pending_value_segment STRING, pending_since DATE, left_segment STRING, left_since DATE, "
    "last_behavior_segment STRING, "
    "service_level STRING, delivered_service_level STRING, service_match STRING, quadrant STRING, "
    "risk_level STRING, cs_representative STRING, action_flag STRING, first_seen_date DATE, "
    "total_revenue DECIMAL(18,2), total_gross_margin DECIMAL(18,2), lifetime_revenue DECIMAL(18,2), "
    "arr DECIMAL(18,2), health_score DECIMAL(18,6), total_score DECIMAL(9,6)"
)


def customer_segments(spark: SparkSession, *states: Row) -> DataFrame:
    inputs = {
        "customer_states": table(spark, CUSTOMER_STATES, states),
        "segment_needs": table(
            spark, SEGMENT_NEEDS, [("Steady", "Calm", "Check-ins"), ("Declining", "Proof", "Outreach")]
        ),
        "segment_levels": table(
            spark, SEGMENT_LEVELS, [("Top", "Named", 0), ("Mid", "Pooled", 1), ("SMB", "Scaled", 2)]
        ),
        "service_levels": table(spark, SERVICE_LEVELS, [("Named", 0), ("Pooled", 1), ("Scaled", 2)]),
    }
    return run_step(spark, "segments", "customer_segments", inputs)


def segments(key: str, **changes: Any) -> Row:
    """What the ordinary state makes, but for the changes."""
    said = {name: value for name, value in computed(key).items() if name not in {"scores", "staying_tiers"}}
    ordinary = {
        **said,
        "is_scored": True,
        "tier": "B",
        "value_segment": "SMB",
        "behavior_segment": "Steady",
        "typical_needs": "Calm",
        "engagement_focus": "Check-ins",
        "computed_health_state": "Healthy",
        "health_state": "Healthy",
        "above_since": None,
        "held_tier": "B",
        "candidate_tier": "B",
        "tier_streak": 0,
        "held_value_segment": "SMB",
        "value_segment_status": None,
        "pending_value_segment": None,
        "pending_since": None,
        "left_segment": None,
        "left_since": None,
        "service_level": "Scaled",
        "service_match": "as due",
        "total_score": "50",
    }
    told = {**ordinary, **changes}
    return {"last_behavior_segment": told["behavior_segment"], **told}


def of_absent(key: str, **changes: Any) -> Row:
    """What the state of an absent customer makes, but for the changes."""
    known = {
        "customer_key": key,
        "customer_name": "Before",
        "is_scored": False,
        "computed_health_state": "Healthy",
        "health_state": "Healthy",
        "tier_streak": 0,
        "last_behavior_segment": "Steady",
    }
    return {**dict.fromkeys(segments(key)), **known, **changes}


def test_what_is_held_is_assigned(spark: SparkSession) -> None:
    waiting = {"computed_tier": "C", "candidate_tier": "C", "tier_streak": 1}

    result = customer_segments(spark, state("c1"), state("c2", above_since="2024-12-01", **waiting))

    assert_rows(result, SEGMENTS, segments("c1"), segments("c2", above_since="2024-12-01", **waiting))


def test_an_override_is_assigned_and_what_is_held_goes_on_beneath_it(spark: SparkSession) -> None:
    def override(value: str) -> tuple[str, ...]:
        return ("override", value, "Eve", "Why")

    result = customer_segments(
        spark,
        state("tier", on_tier=override("A")),
        state("value", on_value_segment=override("Top")),
        state("behavior", on_behavior_segment=override("Declining")),
        state("health", on_health_state=override("At-Risk")),
    )

    assert_rows(
        result,
        SEGMENTS,
        segments("tier", tier="A"),
        segments("value", value_segment="Top", service_level="Named", service_match="under-served"),
        segments(
            "behavior", behavior_segment="Declining", typical_needs="Proof", engagement_focus="Outreach"
        ),
        segments("health", health_state="At-Risk"),
    )


def test_an_approval_or_a_rejection_assigns_nothing_by_itself(spark: SparkSession) -> None:
    result = customer_segments(
        spark,
        state("c1", on_value_segment=("approve", "Top", "Eve", None)),
        state("c2", on_tier=("reject", "A", "Eve", None)),
        state("c3", on_behavior_segment=("approve", "churned", "Eve", None)),
    )

    assert_rows(result, SEGMENTS, segments("c1"), segments("c2"), segments("c3"))


def test_absent_customers_have_no_segments_whatever_is_overridden(spark: SparkSession) -> None:
    override = ("override", "Top", "Eve", "Why")

    result = customer_segments(
        spark,
        absent("c1"),
        absent(
            "c2",
            on_tier=override,
            on_value_segment=override,
            on_behavior_segment=override,
            on_health_state=("override", "At-Risk", "Eve", "Why"),
        ),
    )

    assert_rows(result, SEGMENTS, of_absent("c1"), of_absent("c2"))


def test_a_value_segment_that_waits_or_was_rejected_is_remembered_with_its_day(spark: SparkSession) -> None:
    day = "2024-06-30"
    change = {"computed_value_segment": "Top"}
    stays = {"held_value_segment": "Mid", **change}
    moves = {"held_value_segment": "Top", **change}

    result = customer_segments(
        spark,
        state("c1", value_segment_status="pending", waiting_since=day, **stays),
        state("c2", value_segment_status="rejected", waiting_since=day, **stays),
        state("c3", value_segment_status="approved", waiting_since=day, **moves),
        state("c4", value_segment_status="done", **moves),
    )

    mid = {
        "value_segment": "Mid",
        "service_level": "Pooled",
        "service_match": "under-served",
        "pending_value_segment": "Top",
        "pending_since": day,
    }
    top = {"value_segment": "Top", "service_level": "Named", "service_match": "under-served"}
    assert_rows(
        result,
        SEGMENTS,
        segments("c1", value_segment_status="pending", **stays, **mid),
        segments("c2", value_segment_status="rejected", **stays, **mid),
        segments("c3", value_segment_status="approved", **moves, **top),
        segments("c4", value_segment_status="done", **moves, **top),
    )


def test_the_segment_that_a_customer_left_is_remembered_while_its_rule_waits(spark: SparkSession) -> None:
    leaving = {"is_cancelled": True, "leaving_segment": "Declining", "leaving_since": "2024-06-30"}
    statuses = {"c1": "pending", "c2": "rejected", "c3": "approved", "c4": "done", "c5": None}

    result = customer_segments(
        spark, *(absent(key, leaving_status=status, **leaving) for key, status in statuses.items())
    )

    # What has been told of is not told again: the last one is forgotten.
    left = {"left_segment": "Declining", "left_since": "2024-06-30"}
    kept = {"c1": left, "c2": left, "c3": {}, "c4": {}, "c5": {}}
    assert_rows(
        result, SEGMENTS, *(of_absent(key, last_behavior_segment=None, **of) for key, of in kept.items())
    )


def test_the_delivered_service_level_is_matched_with_the_due_one(spark: SparkSession) -> None:
    mid = {"computed_value_segment": "Mid", "held_value_segment": "Mid"}
    matches = {
        "Named": "over-served",
        "Pooled": "as due",
        "Scaled": "under-served",
        "Unheard of": None,
        None: None,
    }

    result = customer_segments(
        spark, *(state(f"{level}", delivered_service_level=level, **mid) for level in matches)
    )

    due = {**mid, "value_segment": "Mid", "service_level": "Pooled"}
    assert_rows(
        result,
        SEGMENTS,
        *(
            segments(f"{level}", delivered_service_level=level, service_match=match, **due)
            for level, match in matches.items()
        ),
    )

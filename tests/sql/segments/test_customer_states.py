from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.segments.shapes import (
    COMPUTED_SEGMENTS,
    CUSTOMER_STATES,
    DECISIONS_IN_FORCE,
    REMEMBERED_SEGMENTS,
    SEGMENT_RULES,
    Row,
    absent,
    computed,
    decided,
    remembered,
    state,
)
from tests.sql.steps import assert_rows, run_step, table

EXCLUDED = "customer_key STRING, customer_name STRING, reason STRING"
RULES = [
    ("value_segment", "SMB", "Mid", "smb_to_mid", "More ARR", "automatic", "Assign"),
    ("value_segment", "Mid", "Top", "mid_to_top", "Much ARR", "manual", "Review"),
    ("value_segment", "Mid", "SMB", "mid_to_smb", "Less ARR", "manual", "Review"),
    ("behavior_segment", "Declining", "churned", "declining_to_churned", "Cancelled", "manual", "Win back"),
    ("behavior_segment", "Quiet", "churned", "quiet_to_churned", "Cancelled", "automatic", "Say goodbye"),
]
AS_OF = "2024-12-31"
APPROVED_TOP = ("approve", "Top", "Eve", None)
REJECTED = ("reject", None, "Eve", "Not yet")


def customer_states(
    spark: SparkSession,
    scored: Sequence[Row] = (),
    before: Sequence[Row] = (),
    *,
    excluded: Sequence[tuple[str, ...]] = (),
    decisions: Sequence[Row] = (),
    tier_snapshots: int = 1,
) -> DataFrame:
    inputs = {
        "computed_segments": table(spark, COMPUTED_SEGMENTS, scored),
        "remembered_segments": table(spark, REMEMBERED_SEGMENTS, before),
        "excluded_customers": table(spark, EXCLUDED, excluded),
        "decisions_in_force": table(spark, DECISIONS_IN_FORCE, decisions),
        "segment_rules": table(spark, SEGMENT_RULES, RULES),
    }
    return run_step(
        spark,
        "segments",
        "customer_states",
        inputs,
        as_of=date.fromisoformat(AS_OF),
        at_risk_below=Decimal(40),
        healthy_above=Decimal(60),
        healthy_after_days=60,
        tier_snapshots=tier_snapshots,
    )


# What is not known of a customer who was not there before.
NOT_BEFORE: Row = {
    "was_scored": False,
    "from_tier": None,
    "candidate_before": None,
    "streak_before": None,
    "from_value_segment": None,
    "from_behavior_segment": None,
    "last_behavior_before": None,
    "from_health_state": None,
}


def test_a_customer_who_is_what_it_was_holds_it(spark: SparkSession) -> None:
    result = customer_states(spark, [computed("c1")], [remembered("c1")])

    assert_rows(result, CUSTOMER_STATES, state("c1"))


def test_a_first_customer_holds_what_it_is(spark: SparkSession) -> None:
    result = customer_states(spark, [computed("c1"), computed("C2")], [remembered("c2")], tier_snapshots=2)

    assert_rows(result, CUSTOMER_STATES, state("c1", **NOT_BEFORE), state("C2", **NOT_BEFORE), absent("c2"))


def test_health_is_at_risk_below_one_limit_and_healthy_sixty_days_above_the_other(
    spark: SparkSession,
) -> None:
    # Health, the state before, since when above; and the state now, since when above.
    cases: dict[str, tuple[Any, ...]] = {
        "just below": ("39.999999", "Healthy", None, "At-Risk", None),
        "just not below": ("40", "Healthy", None, "Healthy", None),
        "known now": ("40", None, None, "Healthy", None),
        "at risk at once": ("0", None, None, "At-Risk", None),
        "above for the first time": ("60.000001", "At-Risk", None, "At-Risk", AS_OF),
        "59 days": ("61", "At-Risk", "2024-11-02", "At-Risk", "2024-11-02"),
        "60 days": ("61", "At-Risk", "2024-11-01", "Healthy", None),
    }

    check_health(spark, cases)


def test_the_count_of_days_starts_again_after_any_snapshot_not_above(spark: SparkSession) -> None:
    cases: dict[str, tuple[Any, ...]] = {
        "at the limit": ("60", "At-Risk", "2024-01-01", "At-Risk", None),
        "below": ("39", "At-Risk", "2024-01-01", "At-Risk", None),
        "unknown": (None, "At-Risk", "2024-01-01", "At-Risk", None),
        "above again": ("100", "At-Risk", None, "At-Risk", AS_OF),
    }

    check_health(spark, cases)


def test_unknown_health_leaves_the_state_as_it_was(spark: SparkSession) -> None:
    cases: dict[str, tuple[Any, ...]] = {
        "healthy": (None, "Healthy", None, "Healthy", None),
        "at risk": (None, "At-Risk", None, "At-Risk", None),
        "never known": (None, None, None, None, None),
    }

    check_health(spark, cases)


def check_health(spark: SparkSession, cases: dict[str, tuple[Any, ...]]) -> None:
    result = customer_states(
        spark,
        [computed(key, health_score=case[0]) for key, case in cases.items()],
        [remembered(key, computed_health_state=case[1], above_since=case[2]) for key, case in cases.items()],
    )

    names = (
        "health_score",
        "from_health_state",
        "above_since_before",
        "computed_health_state",
        "above_since",
    )
    assert_rows(
        result,
        CUSTOMER_STATES,
        *(state(key, **dict(zip(names, case, strict=True))) for key, case in cases.items()),
    )


def test_a_tier_is_left_at_once_where_one_snapshot_is_enough(spark: SparkSession) -> None:
    # Now, held, candidate and streak before; and held, candidate and streak now.
    check_tiers(spark, {"c1": ("C", "B", "B", 0, "C", "C", 0)}, tier_snapshots=1)


def test_a_tier_is_left_after_two_snapshots_in_a_row_for_the_same_one(spark: SparkSession) -> None:
    cases: dict[str, tuple[Any, ...]] = {
        "first": ("C", "B", "B", 0, "B", "C", 1),
        "second": ("C", "B", "C", 1, "C", "C", 0),
        "upwards": ("A", "B", "A", 1, "A", "A", 0),
        "another": ("A", "B", "C", 1, "B", "A", 1),
        "as before": ("B", "B", "C", 1, "B", "B", 0),
        "once more": ("C", "B", "B", 0, "B", "C", 1),
    }

    check_tiers(spark, cases, tier_snapshots=2)


def test_three_snapshots_are_more_than_two(spark: SparkSession) -> None:
    cases: dict[str, tuple[Any, ...]] = {
        "second": ("C", "B", "C", 1, "B", "C", 2),
        "third": ("C", "B", "C", 2, "C", "C", 0),
    }

    check_tiers(spark, cases, tier_snapshots=3)


def check_tiers(spark: SparkSession, cases: dict[str, tuple[Any, ...]], tier_snapshots: int) -> None:
    result = customer_states(
        spark,
        [computed(key, computed_tier=case[0]) for key, case in cases.items()],
        [
            remembered(key, held_tier=case[1], candidate_tier=case[2], tier_streak=case[3])
            for key, case in cases.items()
        ],
        tier_snapshots=tier_snapshots,
    )

    names = (
        *("computed_tier", "from_tier", "candidate_before", "streak_before"),
        *("held_tier", "candidate_tier", "tier_streak"),
    )
    assert_rows(
        result,
        CUSTOMER_STATES,
        *(state(key, **dict(zip(names, case, strict=True))) for key, case in cases.items()),
    )


def test_a_tier_that_stays_is_held_and_only_by_who_holds_it(spark: SparkSession) -> None:
    falling = {"computed_tier": "C"}
    not_scored = {"is_scored": False, "held_tier": None, "candidate_tier": None}

    result = customer_states(
        spark,
        [
            computed("stays", staying_tiers=["A", "B"], **falling),
            computed("not this one", staying_tiers=["A"], **falling),
            computed("returned", staying_tiers=["A", "B"], **falling),
            computed("new", staying_tiers=["A", "B"], **falling),
        ],
        [
            remembered("stays", candidate_tier="C", tier_streak=1),
            remembered("not this one", candidate_tier="C", tier_streak=1),
            remembered("returned", **not_scored),
        ],
        tier_snapshots=2,
    )

    streak = {"candidate_before": "C", "streak_before": 1}
    left = {**falling, "held_tier": "C", "candidate_tier": "C"}
    returned = {"was_scored": False, "from_tier": None, "candidate_before": None}
    assert_rows(
        result,
        CUSTOMER_STATES,
        state("stays", staying_tiers=["A", "B"], **falling, **streak),
        state("not this one", staying_tiers=["A"], **left, **streak),
        state("returned", staying_tiers=["A", "B"], **left, **returned),
        state("new", staying_tiers=["A", "B"], **left, **NOT_BEFORE),
    )


def test_an_automatic_change_is_done_and_one_without_a_rule_is_silent(spark: SparkSession) -> None:
    result = customer_states(
        spark,
        [computed("c1", computed_value_segment="Mid"), computed("c2", computed_value_segment="Top")],
        [remembered("c1"), remembered("c2")],
        decisions=[decided("c1", value_segment=REJECTED)],
    )

    mid = {"computed_value_segment": "Mid", "held_value_segment": "Mid"}
    top = {"computed_value_segment": "Top", "held_value_segment": "Top"}
    assert_rows(
        result,
        CUSTOMER_STATES,
        state("c1", value_segment_status="done", on_value_segment=REJECTED, **mid),
        state("c2", **top),
    )


def test_a_manual_change_waits_until_it_is_approved(spark: SparkSession) -> None:
    decisions = {
        "pending": None,
        "approved": APPROVED_TOP,
        "another approved": ("approve", "SMB", "Eve", None),
        "rejected": REJECTED,
        "override": ("override", "Top", "Eve", "Why"),
    }

    result = customer_states(
        spark,
        [computed(key, computed_value_segment="Top") for key in decisions],
        [remembered(key, held_value_segment="Mid") for key in decisions],
        decisions=[decided(key, value_segment=given) for key, given in decisions.items() if given],
    )

    def waiting(key: str, status: str, held: str) -> Row:
        return state(
            key,
            computed_value_segment="Top",
            from_value_segment="Mid",
            held_value_segment=held,
            value_segment_status=status,
            waiting_since=AS_OF,
            on_value_segment=decisions[key],
        )

    assert_rows(
        result,
        CUSTOMER_STATES,
        waiting("pending", "pending", "Mid"),
        waiting("approved", "approved", "Top"),
        waiting("another approved", "pending", "Mid"),
        waiting("rejected", "rejected", "Mid"),
        waiting("override", "pending", "Mid"),
    )


def test_a_change_waits_since_it_first_did_and_another_one_anew(spark: SparkSession) -> None:
    before = {
        "held_value_segment": "Mid",
        "pending_value_segment": "Top",
        "pending_since": "2024-06-30",
    }

    result = customer_states(
        spark,
        [
            computed("same", computed_value_segment="Top"),
            computed("another", computed_value_segment="SMB"),
            computed("none", computed_value_segment="Mid"),
        ],
        [remembered(key, **before) for key in ("same", "another", "none")],
    )

    remembers = {
        "from_value_segment": "Mid",
        "pending_before": "Top",
        "pending_since_before": "2024-06-30",
        "held_value_segment": "Mid",
    }
    pending = {"value_segment_status": "pending"}
    assert_rows(
        result,
        CUSTOMER_STATES,
        state("same", computed_value_segment="Top", waiting_since="2024-06-30", **pending, **remembers),
        state("another", computed_value_segment="SMB", waiting_since=AS_OF, **pending, **remembers),
        state("none", computed_value_segment="Mid", **remembers),
    )


def test_absence_ends_everything_but_the_health_state(spark: SparkSession) -> None:
    result = customer_states(
        spark,
        before=[
            remembered(
                "c1",
                candidate_tier="C",
                tier_streak=1,
                pending_value_segment="Mid",
                pending_since="2024-06-30",
                computed_health_state="At-Risk",
                above_since="2024-01-01",
            ),
            remembered("c2"),
        ],
        excluded=[("c2", "Excluded", "no_data"), ("never scored", "Nobody", "no_data")],
        tier_snapshots=2,
    )

    assert_rows(
        result,
        CUSTOMER_STATES,
        absent(
            "c1",
            candidate_before="C",
            streak_before=1,
            pending_before="Mid",
            pending_since_before="2024-06-30",
            from_health_state="At-Risk",
            computed_health_state="At-Risk",
            above_since_before="2024-01-01",
        ),
        absent("c2", customer_name="Excluded"),
    )


def test_a_customer_who_cancelled_waits_to_be_called_churned(spark: SparkSession) -> None:
    approved = ("approve", "churned", "Eve", None)
    decisions = {
        "pending": None,
        "approved": approved,
        "another approved": ("approve", "Declining", "Eve", None),
        "rejected": REJECTED,
    }
    keys = [
        *decisions,
        "waiting",
        "cancelled later",
        "of before",
        "automatic",
        "without a rule",
        "not cancelled",
    ]
    behavior = {"automatic": "Quiet", "without a rule": "Steady"}

    result = customer_states(
        spark,
        before=[
            *(
                remembered(key, behavior_segment=behavior.get(key, "Declining"))
                for key in keys
                if key not in {"waiting", "cancelled later", "of before"}
            ),
            # Outputs of before don't tell the last one.
            remembered("of before", behavior_segment="Declining", last_behavior_segment=None),
            remembered(
                "cancelled later",
                is_scored=False,
                behavior_segment=None,
                last_behavior_segment="Declining",
            ),
            remembered(
                "waiting",
                is_scored=False,
                behavior_segment=None,
                left_segment="Declining",
                left_since="2024-06-30",
            ),
        ],
        excluded=[(key, "Ann", "no_data" if key == "not cancelled" else "cancelled") for key in keys],
        decisions=[decided(key, behavior_segment=given) for key, given in decisions.items() if given],
    )

    def left(key: str, segment: str, status: str | None, **changes: Any) -> Row:
        ordinary = {
            "customer_name": "Ann",
            "last_behavior_before": segment,
            "is_cancelled": True,
            "leaving_segment": segment,
            "leaving_status": status,
            "leaving_since": AS_OF,
            "on_behavior_segment": decisions.get(key),
        }
        return absent(key, **{**ordinary, **changes})

    assert_rows(
        result,
        CUSTOMER_STATES,
        left("pending", "Declining", "pending"),
        left("approved", "Declining", "approved"),
        left("another approved", "Declining", "pending"),
        left("rejected", "Declining", "rejected"),
        left(
            "waiting",
            "Declining",
            "pending",
            was_scored=False,
            last_behavior_before=None,
            left_segment_before="Declining",
            left_since_before="2024-06-30",
            leaving_since="2024-06-30",
        ),
        left("cancelled later", "Declining", "pending", was_scored=False),
        left("of before", "Declining", "pending"),
        left("automatic", "Quiet", "done", leaving_since=None),
        left("without a rule", "Steady", None, leaving_since=None),
        left(
            "not cancelled", "Declining", None, is_cancelled=False, leaving_segment=None, leaving_since=None
        ),
    )


def test_a_customer_who_is_back_waits_no_longer_to_be_called_churned(spark: SparkSession) -> None:
    gone = {"is_scored": False, "left_segment": "Declining", "left_since": "2024-06-30"}

    result = customer_states(spark, [computed("c1")], [remembered("c1", **gone)])

    assert_rows(
        result,
        CUSTOMER_STATES,
        state("c1", was_scored=False, left_segment_before="Declining", left_since_before="2024-06-30"),
    )

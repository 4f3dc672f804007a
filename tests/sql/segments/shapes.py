"""What one step of the segments gives and the next one takes."""

from typing import Any

Row = dict[str, Any]

_DECIDED = "STRUCT<decision: STRING, value: STRING, decided_by: STRING, reason: STRING>"
_AXES = ("tier", "value_segment", "behavior_segment", "health_state")
_ON_AXES = ", ".join(f"on_{axis} {_DECIDED}" for axis in _AXES)
_MEASURES = (
    "health_score DECIMAL(18,6), delivered_service_level STRING, cs_representative STRING, "
    "action_flag STRING, total_revenue DECIMAL(18,2), total_gross_margin DECIMAL(18,2), "
    "lifetime_revenue DECIMAL(18,2), arr DECIMAL(18,2)"
)
_SAID = (
    "computed_tier STRING, computed_value_segment STRING, computed_behavior_segment STRING, "
    "behavior_rule STRING, staying_tiers ARRAY<STRING>, "
    "quadrant STRING, risk_level STRING, first_seen_date DATE, scores STRUCT<total_score: DECIMAL(9,6)>"
)

DECISIONS_IN_FORCE = f"customer_key STRING, {_ON_AXES}"
COMPUTED_SEGMENTS = f"customer_key STRING, customer_name STRING, {_SAID}, {_MEASURES}"
REMEMBERED_SEGMENTS = (
    "customer_key STRING, customer_name STRING, is_scored BOOLEAN, held_tier STRING, "
    "candidate_tier STRING, tier_streak INT, held_value_segment STRING, pending_value_segment STRING, "
    "pending_since DATE, computed_behavior_segment STRING, behavior_segment STRING, "
    "computed_health_state STRING, above_since DATE, left_segment STRING, left_since DATE, "
    "last_behavior_segment STRING"
)
SEGMENT_RULES = (
    "axis STRING, from_value STRING, to_value STRING, rule STRING, trigger STRING, mode STRING, action STRING"
)
CUSTOMER_STATES = (
    f"customer_key STRING, is_scored BOOLEAN, customer_name STRING, {_SAID}, {_MEASURES}, "
    "was_scored BOOLEAN, from_tier STRING, candidate_before STRING, streak_before INT, "
    "from_value_segment STRING, pending_before STRING, pending_since_before DATE, "
    "from_behavior_segment STRING, last_behavior_before STRING, from_health_state STRING, "
    "above_since_before DATE, left_segment_before STRING, left_since_before DATE, is_cancelled BOOLEAN, "
    f"{_ON_AXES}, candidate_tier STRING, leaving_segment STRING, computed_health_state STRING, "
    "value_segment_status STRING, leaving_status STRING, waiting_since DATE, leaving_since DATE, "
    "held_tier STRING, tier_streak INT, held_value_segment STRING, above_since DATE"
)
_UNDECIDED = {f"on_{axis}": None for axis in _AXES}


def computed(key: str, **changes: Any) -> Row:
    """What the measures of an ordinary scored customer say, but for the changes."""
    ordinary = {
        "customer_key": key,
        "customer_name": "Ann",
        "computed_tier": "B",
        "computed_value_segment": "SMB",
        "computed_behavior_segment": "Steady",
        "behavior_rule": "otherwise",
        "staying_tiers": [],
        "quadrant": "Healthy low value",
        "risk_level": "low",
        "first_seen_date": "2020-05-01",
        "scores": ("50",),
        "health_score": "70",
        "delivered_service_level": "Scaled",
        "cs_representative": "Eve",
        "action_flag": "REGULAR",
        "total_revenue": "100.00",
        "total_gross_margin": "40.00",
        "lifetime_revenue": "500.00",
        "arr": "1000.00",
    }
    return {**ordinary, **changes}


def remembered(key: str, **changes: Any) -> Row:
    """What is remembered of a customer who was ordinary before too, but for the changes."""
    ordinary = {
        "customer_key": key,
        "customer_name": "Before",
        "is_scored": True,
        "held_tier": "B",
        "candidate_tier": "B",
        "tier_streak": 0,
        "held_value_segment": "SMB",
        "pending_value_segment": None,
        "pending_since": None,
        "computed_behavior_segment": "Steady",
        "behavior_segment": "Steady",
        "computed_health_state": "Healthy",
        "above_since": None,
        "left_segment": None,
        "left_since": None,
    }
    told = {**ordinary, **changes}
    return {"last_behavior_segment": told["behavior_segment"], **told}


def decided(key: str, **axes: tuple[str | None, ...]) -> Row:
    """Decisions in force by axis, each as (decision, value, decided_by, reason)."""
    return {"customer_key": key, **_UNDECIDED, **{f"on_{axis}": given for axis, given in axes.items()}}


def state(key: str, **changes: Any) -> Row:
    """The state of a customer who is ordinary now and was before, but for the changes."""
    ordinary = {
        **computed(key),
        "is_scored": True,
        "was_scored": True,
        "from_tier": "B",
        "candidate_before": "B",
        "streak_before": 0,
        "from_value_segment": "SMB",
        "pending_before": None,
        "pending_since_before": None,
        "from_behavior_segment": "Steady",
        "last_behavior_before": "Steady",
        "from_health_state": "Healthy",
        "above_since_before": None,
        "left_segment_before": None,
        "left_since_before": None,
        "is_cancelled": False,
        **_UNDECIDED,
        "candidate_tier": "B",
        "leaving_segment": None,
        "computed_health_state": "Healthy",
        "value_segment_status": None,
        "leaving_status": None,
        "waiting_since": None,
        "leaving_since": None,
        "held_tier": "B",
        "tier_streak": 0,
        "held_value_segment": "SMB",
        "above_since": None,
    }
    return {**ordinary, **changes}


_OF_NOBODY_SCORED = dict.fromkeys(
    set(computed("")) - {"customer_key", "customer_name"},
)


def absent(key: str, **changes: Any) -> Row:
    """The state of a customer who was ordinary before and is not scored now, but for the changes."""
    gone = {
        **_OF_NOBODY_SCORED,
        "customer_name": "Before",
        "is_scored": False,
        "candidate_tier": None,
        "held_tier": None,
        "held_value_segment": None,
    }
    return state(key, **{**gone, **changes})

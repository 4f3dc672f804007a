"""How each customer stands: what it is due and gets, its quadrant, its risk, its action flags."""

from __future__ import annotations

from tests.reference.exact import Row
from tests.reference.snapshots import Snapshot
from tests.reference_value.conditions import first_that_holds
from tests.reference_value.model import AXES, CHURNED
from tests.reference_value.segments import Segments
from tests.reference_value.service import (
    DUE,
    FLAGS,
    HIGH_HEALTH,
    HIGH_VALUE,
    QUADRANTS,
    RISK_LEVELS,
    SCORES,
    SERVICE_LEVELS,
)

MEASURES = (
    *("delivered_service_level", "cs_representative", "total_revenue", "total_gross_margin"),
    *("lifetime_revenue", "arr", "health_score", *(f"{score}_score" for score in SCORES)),
)
SERVICE_AND_RISK = ("service_level", "service_match", "quadrant", "risk_level", "first_seen_date")


def full_segments(snapshot: Snapshot, segments: Segments) -> list[Row]:
    """customer_segments but for the action flag: a customer not scored now has states and nothing else."""
    scored = {row["customer_key"]: row for row in snapshot.customer_tiers}
    left = {
        action["customer_key"]: (action["from_value"], action["pending_since"])
        for action in segments.migration_actions
        if action["to_value"] == CHURNED and action["status"] in {"pending", "rejected"}
    }
    rows = []
    for states in segments.customer_segments:
        measured = scored.get(states["customer_key"])
        left_segment, left_since = left.get(states["customer_key"], (None, None))
        rows.append(
            {
                **states,
                "left_segment": left_segment,
                "left_since": left_since,
                **(
                    _standing(states, measured) if measured else dict.fromkeys((*SERVICE_AND_RISK, *MEASURES))
                ),
            }
        )
    return rows


def _standing(states: Row, measured: Row) -> Row:
    """What is due to a scored customer, what it gets, and how it stands."""
    levels = [level.service_level for level in SERVICE_LEVELS]
    due, delivered = DUE[states["value_segment"]].service_level, measured["delivered_service_level"]
    match = None
    if delivered in levels:
        below = levels.index(delivered) - levels.index(due)
        match = "as due" if below == 0 else "under-served" if below > 0 else "over-served"
    quadrant = None
    if measured["health_score"] is not None:
        quadrant, _ = QUADRANTS[HIGH_VALUE.holds(measured), HIGH_HEALTH.holds(measured)]
    return {
        **{name: measured[name] for name in MEASURES},
        "service_level": due,
        "service_match": match,
        "quadrant": quadrant,
        "risk_level": first_that_holds(RISK_LEVELS, measured).name,
        "first_seen_date": measured["first_event_date"] or measured["known_since"],
    }


def scored_now(snapshot: Snapshot, segments: Segments) -> list[Row]:
    """The scored customers with all their measures, the tier and the segments as they are assigned."""
    standing = {row["customer_key"]: row for row in full_segments(snapshot, segments)}
    return [
        {**row, **{name: standing[row["customer_key"]][name] for name in (*AXES, *SERVICE_AND_RISK)}}
        for row in snapshot.customer_tiers
    ]


def action_flags(snapshot: Snapshot) -> dict[str, str]:
    """The first action flag of each scored customer."""
    return {row["customer_key"]: row["action_flag"] for row in flagged_tiers(snapshot)}


def flagged_tiers(snapshot: Snapshot) -> list[Row]:
    """customer_tiers with all action flags that hold, or the last alone, and the first of them."""
    rows = []
    for row in snapshot.customer_tiers:
        held = [flag for flag in FLAGS if flag.when is not None and flag.when.holds(row)] or [FLAGS[-1]]
        flags = [(flag.name, flag.recommended_action) for flag in held]
        rows.append({**row, "action_flags": flags, "action_flag": flags[0][0]})
    return rows

"""Which decision of a person counts for a customer and axis at a date."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tests.reference.events import choice_order
from tests.reference.exact import Row
from tests.reference_value.model import AT_RISK, HEALTHY
from tests.reference_value.standard import BEHAVIOR_SEGMENTS, TIERS, VALUE_SEGMENTS

DECIDABLE: dict[str, tuple[str, ...]] = {
    "tier": tuple(tier.tier for tier in TIERS),
    "value_segment": tuple(segment.segment for segment in VALUE_SEGMENTS),
    "behavior_segment": tuple(segment.segment for segment in BEHAVIOR_SEGMENTS),
    "health_state": (AT_RISK, HEALTHY),
}


def decisions_in_force(decisions: Iterable[Row], as_of: date) -> dict[tuple[str, str], Row]:
    """The one decision that counts at as_of for each customer and axis."""
    winners: dict[tuple[str, str], Row] = {}
    for decision in decisions:
        if not can_have_an_effect(decision) or decision["valid_from"] > as_of:
            continue
        if decision["expires"] is not None and decision["expires"] <= as_of:
            continue
        place = (decision["customer_key"], decision["axis"])
        if place not in winners or _precedes(decision, winners[place]):
            winners[place] = decision
    return winners


def can_have_an_effect(decision: Row) -> bool:
    """Whether the decision names something of the model, and why and how long if it is an override."""
    what, value, expires = decision["decision"], decision["value"], decision["expires"]
    if expires is not None and expires <= decision["valid_from"]:
        return False
    if what == "override":
        reason = decision["reason"] or ""
        known = value in DECIDABLE.get(decision["axis"], ())
        return known and reason.strip(" ") != "" and expires is not None
    waiting = {"value_segment": DECIDABLE["value_segment"], "behavior_segment": ("churned",)}
    names = waiting.get(decision["axis"], ())
    return bool(names) and (value in names or (what == "reject" and value is None))


def _precedes(one: Row, other: Row) -> bool:
    """Latest valid_from, then latest recorded_at, then smallest decision, then smallest value."""
    for column in ("valid_from", "recorded_at"):
        if one[column] != other[column]:
            return bool(one[column] > other[column])
    return [choice_order(one[name]) for name in ("decision", "value")] < [
        choice_order(other[name]) for name in ("decision", "value")
    ]

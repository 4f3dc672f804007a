"""States that depend on the snapshots before: health, held tier, held value segment, win-back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.reference.exact import Row
from tests.reference_value.model import AT_RISK, CHURNED, HEALTHY, MigrationRule
from tests.reference_value.standard import Parameters
from tests.reference_value.turns import Turn


def next_health_state(
    turn: Turn, health: Decimal | None, parameters: Parameters
) -> tuple[str | None, date | None]:
    """The health state, and since when it has been above while At-Risk."""
    state = turn.before.health_state
    if health is not None and health < parameters.at_risk_below:
        return AT_RISK, None
    if state != AT_RISK:
        return (state if health is None else HEALTHY), None
    if health is None or health <= parameters.healthy_above:
        return AT_RISK, None
    above_since = turn.before.above_since or turn.as_of
    recovered = (turn.as_of - above_since).days >= parameters.healthy_after_days
    return (HEALTHY, None) if recovered else (AT_RISK, above_since)


def next_held_tier(turn: Turn, row: Row, parameters: Parameters) -> tuple[str, str, int]:
    """The held tier, the one that would follow it, and for how many snapshots it has been the candidate."""
    computed: str = row["tier"]
    held, memory = turn.before.held_tier, parameters.tier_memory
    if memory is None or held is None or not turn.before.is_scored:
        return computed, computed, 0
    order = [tier.tier for tier in parameters.tiers]
    stays = memory.stays_while.get(held)
    candidate = computed
    if held in order and order.index(computed) > order.index(held) and stays and stays.holds(row):
        candidate = held
    if candidate == held:
        return held, candidate, 0
    streak = turn.before.tier_streak + 1 if turn.before.candidate_tier == candidate else 1
    return (candidate, candidate, 0) if streak >= memory.snapshots else (held, candidate, streak)


def next_held_value_segment(
    turn: Turn, computed: str, parameters: Parameters
) -> tuple[str, str | None, date | None, list[Row]]:
    """The held segment, the status of a change, since when that has been open, and its actions."""
    held = turn.before.held_value_segment
    if held is None or held == computed:
        return computed, None, None, []
    rule = matching(parameters, "value_segment", held, computed)
    if rule is None:
        return computed, None, None, []
    if rule.mode == "automatic":
        return computed, "done", None, [turn.action(rule, (held, computed), "done")]
    waited = turn.before.pending_since if turn.before.pending_value_segment == computed else None
    since = waited or turn.as_of
    status, decision = turn.review("value_segment", computed)
    action = turn.action(rule, (held, computed), status, since, decision)
    return (computed if status == "approved" else held), status, since, [action]


@dataclass(frozen=True)
class Winback:
    """A customer that isn't scored: the behaviour it had, or the one it left, and since when that waits."""

    last_behavior: str | None
    left: str | None = None
    since: date | None = None


def winback(turn: Turn, parameters: Parameters) -> tuple[Winback, list[Row]]:
    """What is remembered of an absent customer's behaviour, and the action where it has cancelled."""
    is_cancelled = turn.excluded is not None and turn.excluded["reason"] == "cancelled"
    # Whatever becomes of a customer who was cancelled, the question stays until it is answered.
    left = turn.before.winback_from
    if left is None and is_cancelled:
        left = turn.before.last_behavior
    if left is None:
        return Winback(turn.before.last_behavior), []
    rule = matching(parameters, "behavior_segment", left, CHURNED)
    if rule is None:
        return Winback(None), []
    if rule.mode == "automatic":
        return Winback(None), [turn.action(rule, (left, CHURNED), "done")]
    since = turn.before.winback_since or turn.as_of
    status, decision = turn.review("behavior_segment", CHURNED)
    action = turn.action(rule, (left, CHURNED), status, since, decision)
    return (Winback(None) if status == "approved" else Winback(None, left, since)), [action]


def matching(
    parameters: Parameters, axis: str, before: str | None, after: str | None
) -> MigrationRule | None:
    """The first rule for a change of an axis; None where nothing changes."""
    if before == after:
        return None
    return next((rule for rule in parameters.migration_rules if rule.matches(axis, before, after)), None)

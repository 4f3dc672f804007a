"""The segments of each customer, snapshot after snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from tests.reference.exact import Row
from tests.reference.snapshots import Snapshot
from tests.reference_value.conditions import first_that_holds
from tests.reference_value.decisions import decisions_in_force
from tests.reference_value.held import (
    matching,
    next_health_state,
    next_held_tier,
    next_held_value_segment,
    winback,
)
from tests.reference_value.model import AXES, BehaviorSegment
from tests.reference_value.standard import STANDARD, Parameters
from tests.reference_value.turns import State, Turn


@dataclass(frozen=True)
class Segments:
    """What the axes publish for one as_of."""

    as_of: date
    customer_segments: list[Row]
    migration_actions: list[Row]


def segments(
    history: Iterable[Snapshot], decisions: Iterable[Row], parameters: Parameters = STANDARD
) -> list[Segments]:
    """Fold the snapshots, in order of date, into the states of each customer and the actions they ask for.

    Decisions have customer_key, axis, decision, value, decided_by, reason, valid_from, expires and
    recorded_at.
    """
    decisions = list(decisions)
    published: list[Segments] = []
    states: dict[str, State] = {}
    for current in sorted(history, key=lambda each: each.as_of):
        scored = {row["customer_key"]: row for row in current.customer_tiers}
        excluded = {row["customer_key"]: row for row in current.excluded_customers}
        in_force = decisions_in_force(decisions, current.as_of)
        rows, actions = [], []
        for key in sorted(scored.keys() | states.keys(), key=str.encode):
            turn = Turn(
                key, current.as_of, scored.get(key), excluded.get(key), states.get(key, State()), in_force
            )
            states[key], row, fired = _advanced(turn, parameters)
            rows.append(row)
            actions += fired
        published.append(Segments(current.as_of, rows, actions))
    return published


def _advanced(turn: Turn, parameters: Parameters) -> tuple[State, Row, list[Row]]:
    """A customer's next state, its row of customer_segments, and the actions that its changes ask for."""
    return _of_scored(turn, turn.scored, parameters) if turn.scored else _of_absent(turn, parameters)


def _of_scored(turn: Turn, row: Row, parameters: Parameters) -> tuple[State, Row, list[Row]]:
    """The next state of a customer that is scored."""
    before = turn.before
    health_state, above_since = next_health_state(turn, row["health_score"], parameters)
    held_tier, candidate_tier, tier_streak = next_held_tier(turn, row, parameters)
    segment = first_that_holds(parameters.value_segments, row).segment
    held_segment, status, since, reviewed = next_held_value_segment(turn, segment, parameters)
    behavior = first_that_holds(parameters.behavior_segments, row)
    computed = dict(zip(AXES, (row["tier"], segment, behavior.segment, health_state), strict=True))
    held = dict(zip(AXES, (held_tier, held_segment, behavior.segment, health_state), strict=True))
    is_open = status in {"pending", "rejected"}
    state = State(
        customer_name=turn.customer_name,
        is_scored=True,
        health_state=health_state,
        above_since=above_since,
        held_tier=held_tier,
        candidate_tier=candidate_tier,
        tier_streak=tier_streak,
        held_value_segment=held_segment,
        pending_value_segment=segment if is_open else None,
        pending_since=since if is_open else None,
        behavior_segment=behavior.segment,
        last_behavior=turn.assigned("behavior_segment", behavior.segment),
        assigned={axis: turn.assigned(axis, value) for axis, value in held.items()},
    )
    was = {
        "tier": before.held_tier,
        "health_state": before.health_state,
        "behavior_segment": before.behavior_segment,
    }
    actions = list(reviewed)
    for axis, value_before in was.items():
        value = held[axis]
        rule = matching(parameters, axis, value_before, value)
        if rule and rule.mode == "automatic" and value is not None:
            actions.append(turn.action(rule, (value_before, value), "done"))
    assigned = state.assigned["behavior_segment"]
    needs = next((rule for rule in parameters.behavior_segments if rule.segment == assigned), None)
    return state, _segment_row(turn, state, computed, behavior.rule, needs, status=status), actions


def _of_absent(turn: Turn, parameters: Parameters) -> tuple[State, Row, list[Row]]:
    """The next state of a customer that was scored once but isn't now: its health and last behaviour."""
    remembered, actions = winback(turn, parameters)
    computed = {**dict.fromkeys(AXES), "health_state": turn.before.health_state}
    state = State(
        customer_name=turn.customer_name,
        health_state=turn.before.health_state,
        last_behavior=remembered.last_behavior,
        winback_from=remembered.left,
        winback_since=remembered.since,
        assigned=computed,
    )
    return state, _segment_row(turn, state, computed, None, None, status=None), actions


def _segment_row(
    turn: Turn,
    state: State,
    computed: Mapping[str, str | None],
    behavior_rule: str | None,
    needs: BehaviorSegment | None,
    *,
    status: str | None,
) -> Row:
    """A row of customer_segments."""
    axes: Row = {}
    for axis in AXES:
        axes[f"computed_{axis}"] = computed[axis]
        axes[axis] = state.assigned[axis]
    return {
        "as_of": turn.as_of,
        "customer_key": turn.key,
        "customer_name": state.customer_name,
        "is_scored": state.is_scored,
        **axes,
        "behavior_rule": behavior_rule,
        "typical_needs": needs.typical_needs if needs else None,
        "engagement_focus": needs.engagement_focus if needs else None,
        "above_since": state.above_since,
        "held_tier": state.held_tier,
        "candidate_tier": state.candidate_tier,
        "tier_streak": state.tier_streak,
        "held_value_segment": state.held_value_segment,
        "value_segment_status": status,
        "pending_value_segment": state.pending_value_segment,
        "pending_since": state.pending_since,
        "last_behavior_segment": state.last_behavior,
    }

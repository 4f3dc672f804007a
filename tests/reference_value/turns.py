"""A customer at one snapshot: what it is, what it was, what was decided, and the actions asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from tests.reference.exact import Row
from tests.reference_value.model import AXES, MigrationRule


@dataclass(frozen=True)
class State:
    """What is carried of a customer from one snapshot to the next.

    Held values are NULL, and streaks and open changes gone, where the customer was not scored; the health
    state stays, and the last behaviour until a cancellation is told of. `assigned` has the published values
    of the axes.
    """

    customer_name: str | None = None
    is_scored: bool = False
    health_state: str | None = None
    above_since: date | None = None
    held_tier: str | None = None
    candidate_tier: str | None = None
    tier_streak: int = 0
    held_value_segment: str | None = None
    pending_value_segment: str | None = None
    pending_since: date | None = None
    behavior_segment: str | None = None
    last_behavior: str | None = None
    winback_from: str | None = None
    winback_since: date | None = None
    assigned: Mapping[str, str | None] = field(default_factory=lambda: dict.fromkeys(AXES))


@dataclass(frozen=True)
class Turn:
    """One customer at one snapshot: what it is now, what it was, what was decided."""

    key: str
    as_of: date
    scored: Row | None
    excluded: Row | None
    before: State
    in_force: Mapping[tuple[str, str], Row]

    @property
    def customer_name(self) -> str | None:
        present = self.scored or self.excluded
        return present["customer_name"] if present else self.before.customer_name

    def decision(self, axis: str) -> Row | None:
        return self.in_force.get((self.key, axis))

    def assigned(self, axis: str, held: str | None) -> str | None:
        """The value of an override in force, else the held one."""
        decision = self.decision(axis)
        return decision["value"] if decision and decision["decision"] == "override" else held

    def review(self, axis: str, value: str) -> tuple[str, Row | None]:
        """The status of a change that waits for a decision, and the decision that settled it."""
        decision = self.decision(axis)
        if decision and decision["decision"] == "approve" and decision["value"] == value:
            return "approved", decision
        if decision and decision["decision"] == "reject":
            return "rejected", decision
        return "pending", None

    def action(
        self,
        rule: MigrationRule,
        change: tuple[str | None, str],
        status: str,
        pending_since: date | None = None,
        decision: Row | None = None,
    ) -> Row:
        """A row of migration_actions."""
        return {
            "as_of": self.as_of,
            "customer_key": self.key,
            "customer_name": self.customer_name,
            "axis": rule.axis,
            "rule": rule.rule,
            "from_value": change[0],
            "to_value": change[1],
            "trigger": rule.trigger,
            "mode": rule.mode,
            "action": rule.action,
            "status": status,
            "pending_since": pending_since,
            "decided_by": decision["decided_by"] if decision else None,
            "decision_reason": decision["reason"] if decision else None,
        }

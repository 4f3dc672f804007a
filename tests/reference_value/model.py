"""What the model's file is made of: scales, components, tiers, segments and rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tests.reference_value.conditions import Condition

AT_RISK, HEALTHY = "At-Risk", "Healthy"
DECLINING, CHURNED = "Declining", "churned"
AXES = ("tier", "value_segment", "behavior_segment", "health_state")


@dataclass(frozen=True)
class Linear:
    """From 0 at one value to 100 at another, which may be the smaller, and flat beyond them."""

    zero_at: Fraction
    full_at: Fraction

    def scaled(self, value: Fraction) -> Fraction:
        share = (value - self.zero_at) / (self.full_at - self.zero_at)
        return 100 * min(max(share, Fraction(0)), Fraction(1))


@dataclass(frozen=True)
class StepScale:
    """What the highest step reached gives; steps are (at least, scaled), highest first."""

    steps: tuple[tuple[Fraction, Fraction], ...]
    otherwise: Fraction

    def scaled(self, value: Fraction) -> Fraction:
        return next((scaled for at_least, scaled in self.steps if value >= at_least), self.otherwise)


@dataclass(frozen=True)
class Percentile:
    """100 times the share of the peers that have a strictly lower value."""


@dataclass(frozen=True)
class Component:
    """One part of a score; the weight is in basis points."""

    score: str
    metric: str
    weight: int
    scale: Percentile | Linear | StepScale


@dataclass(frozen=True)
class Tier:
    """A tier and its condition; the last one has none."""

    tier: str
    name: str
    when: Condition | None = None


@dataclass(frozen=True)
class ValueSegment:
    """A segment by ARR and the document's shares, (low, high) in percent; the last one has no condition."""

    segment: str
    when: Condition | None
    customer_share: tuple[int, int]
    arr_share: tuple[int, int]


@dataclass(frozen=True)
class BehaviorSegment:
    """A segment by behaviour; the last one has no condition."""

    segment: str
    rule: str
    typical_needs: str
    engagement_focus: str
    when: Condition | None = None


@dataclass(frozen=True)
class TierMemory:
    """A held tier is kept while its condition holds; another is taken after so many snapshots in a row."""

    stays_while: Mapping[str, Condition]
    snapshots: int


@dataclass(frozen=True)
class MigrationRule:
    """What is done when an axis changes from one value to another; `any` is every value."""

    axis: str
    rule: str
    from_value: str
    to_value: str
    mode: str
    trigger: str
    action: str

    def matches(self, axis: str, before: str | None, after: str | None) -> bool:
        """A customer without a value before is matched by `any` alone, and on health_state alone."""
        if axis != self.axis or (before is None and axis != "health_state"):
            return False
        return self.from_value in ("any", before) and self.to_value in ("any", after)

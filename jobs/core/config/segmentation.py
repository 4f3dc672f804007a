"""What a model says beside its scores: segments with memory, rules of migration, engagement and alerts."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from jobs.core.config.conditions import (
    Condition,
    Label,
    Name,
    Rule,
    check_fallback,
    check_names,
    raise_all,
)
from jobs.core.config.documents import Document
from jobs.core.config.health_states import HealthStates
from jobs.core.runtime.nearest import did_you_mean

Axis = Literal["tier", "value_segment", "behavior_segment", "health_state"]
Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
AXES: tuple[Axis, ...] = ("tier", "value_segment", "behavior_segment", "health_state")
AT_RISK, HEALTHY = "At-Risk", "Healthy"
ALERT_COLUMNS = ("risk_level", "quadrant", "service_match")  # what alerts can ask for beside the axes
ANY = "any"  # of a migration rule: from or to whatever value
CHURNED = "churned"  # where a migration rule leads when a customer has cancelled

Share = Annotated[Decimal, Field(ge=0, le=1)]
Quantity = Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=2)]


class ExpectedShares(Document):
    """From which share to which a segment is expected to hold, of the customers and of their ARR."""

    customers: tuple[Share, Share]
    arr: tuple[Share, Share]


class ValueSegment(Rule):
    """One segment by value; the last one has no condition."""

    segment: Label
    service_level: Label
    expected: ExpectedShares | None = None


class BehaviorSegment(Rule):
    """One segment by behaviour; the last one has no condition."""

    segment: Label
    rule: Name
    typical_needs: Label
    engagement_focus: Label


class TierMemory(Document):
    """A tier is kept while its condition holds, and left only after so many snapshots in a row."""

    snapshots: Annotated[int, Field(ge=1, le=100)] = 1
    stays_while: dict[Label, Condition] = Field(default_factory=dict)


class MigrationRule(Document):
    """What is done when an axis changes.

    Attributes:
        trigger: what sets it off, in other words than those that are made of the conditions.
    """

    rule: Name
    axis: Axis
    from_value: Label = Field(alias="from")
    to_value: Label = Field(alias="to")
    mode: Literal["automatic", "manual"]
    trigger: Label | None = None
    action: Label


class Quadrant(Document):
    """One cell of the value and health matrix."""

    quadrant: Label
    strategy: Label


class Matrix(Document):
    """What is high value and high health, and the cells that follow."""

    high_value: Condition
    high_health: Condition
    high_value_high_health: Quadrant
    high_value_low_health: Quadrant
    low_value_high_health: Quadrant
    low_value_low_health: Quadrant


class RiskLevel(Rule):
    """One level of risk; the last one has no condition."""

    level: Label


class ServiceLevel(Document):
    """What customers of a service level get; what is not decided stays empty.

    Attributes:
        customers_per_csm: from how many customers to how many one customer success manager has.
        qbrs_per_year: business reviews of a customer.
        touches_per_year: proactive contacts of a customer.
    """

    renamed_keys: ClassVar[Mapping[str, str]] = {
        "customers_a_csm": "customers_per_csm",
        "qbrs_a_year": "qbrs_per_year",
        "touches_a_year": "touches_per_year",
    }
    service_level: Label
    engagement_model: tuple[Label, ...] = ()
    success_activities: tuple[Label, ...] = ()
    metrics_focus: tuple[Label, ...] = ()
    customers_per_csm: tuple[Quantity, Quantity | None] | None = None
    qbrs_per_year: Annotated[Decimal, Field(ge=0, le=366)] | None = None
    touches_per_year: Annotated[Decimal, Field(ge=0, le=366)] | None = None
    resources: dict[Name, Label] = Field(default_factory=dict)


class Alert(Document):
    """Something that a person should look at."""

    alert: Name
    severity: Severity
    reason: Label
    when: Condition
    figures: Annotated[tuple[Name, ...], Field(min_length=1)]


class Segmentation(Document):
    """The segments of a model; conf/models/value_potential_strategic.yaml shows and explains each part."""

    value: Annotated[tuple[ValueSegment, ...], Field(min_length=1)]
    behavior: Annotated[tuple[BehaviorSegment, ...], Field(min_length=1)]
    health: HealthStates
    tier_memory: TierMemory = TierMemory()
    migration_rules: tuple[MigrationRule, ...] = ()
    matrix: Matrix
    risk: Annotated[tuple[RiskLevel, ...], Field(min_length=1)]
    service_levels: Annotated[tuple[ServiceLevel, ...], Field(min_length=1)]
    alerts: tuple[Alert, ...] = ()

    @field_validator("value", "behavior", "risk")
    @classmethod
    def _ordered(cls, rules: tuple[Rule, ...], info: ValidationInfo) -> tuple[Rule, ...]:
        label = "level" if info.field_name == "risk" else "segment"
        names = [str(getattr(rule, label)) for rule in rules]
        raise_all([*check_names(label, names), *check_fallback(rules)])
        return rules

    @model_validator(mode="after")
    def _known_values(self) -> Self:
        levels = [level.service_level for level in self.service_levels]
        problems = list(check_names("service_level", levels))
        problems += [
            f"must have service_level of {segment.segment} among {', '.join(levels)}, "
            f"got {segment.service_level!r}{did_you_mean(segment.service_level, levels)}"
            for segment in self.value
            if segment.service_level not in levels
        ]
        problems += check_names("rule", [rule.rule for rule in self.migration_rules])
        problems += check_names("alert", [alert.alert for alert in self.alerts])
        for rule in self.migration_rules:
            problems += self._rule_problems(rule)
        raise_all(problems)
        return self

    def _rule_problems(self, rule: MigrationRule) -> Iterator[str]:
        if rule.axis != "tier":
            known = self.values_of(rule.axis)
            ends = {ANY, *known}
            to = ends | ({CHURNED} if rule.axis == "behavior_segment" else set())
            for key, value, allowed in (("from", rule.from_value, ends), ("to", rule.to_value, to)):
                if value not in allowed:
                    yield (
                        f"migration rule {rule.rule}: {key} must be one of {sorted(allowed)}, got {value!r}"
                        f"{did_you_mean(value, allowed)}"
                    )
        if rule.mode == "manual" and rule.axis != "value_segment" and rule.to_value != CHURNED:
            yield (
                f"migration rule {rule.rule}: must be automatic: only value segments and what leads to "
                f"{CHURNED} wait for a decision"
            )

    def values_of(self, axis: Axis, tiers: Sequence[str] = ()) -> tuple[str, ...]:
        """The values that an axis can have."""
        return {
            "tier": tuple(tiers),
            "value_segment": tuple(segment.segment for segment in self.value),
            "behavior_segment": tuple(segment.segment for segment in self.behavior),
            "health_state": (AT_RISK, HEALTHY),
        }[axis]

    def rules_by_change(self, tiers: Sequence[str]) -> dict[tuple[Axis, str | None, str], MigrationRule]:
        """The rule for each change that has one: the first whose ends match.

        A customer without a value before is matched by `any` alone, and on health_state alone.
        """
        found: dict[tuple[Axis, str | None, str], MigrationRule] = {}
        for rule in self.migration_rules:
            values = self.values_of(rule.axis, tiers)
            before: list[str | None] = [rule.from_value] if rule.from_value != ANY else [*values]
            if rule.from_value == ANY and rule.axis == "health_state":
                before.append(None)
            after = [rule.to_value] if rule.to_value != ANY else [*values]
            for start in before:
                for end in after:
                    if start != end:
                        found.setdefault((rule.axis, start, end), rule)
        return found

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """Every condition, with its path in the document."""
        ruled: Mapping[str, Sequence[Rule | Alert]] = {
            "value": self.value,
            "behavior": self.behavior,
            "risk": self.risk,
            "alerts": self.alerts,
        }
        for path, rules in ruled.items():
            for position, rule in enumerate(rules):
                if rule.when is not None:
                    yield f"segments.{path}.{position}.when", rule.when
        yield "segments.matrix.high_value", self.matrix.high_value
        yield "segments.matrix.high_health", self.matrix.high_health
        for tier, condition in self.tier_memory.stays_while.items():
            yield f"segments.tier_memory.stays_while.{tier}", condition

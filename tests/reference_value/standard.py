"""What the file of value_potential_strategic holds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tests.reference.snapshots import STANDARD as ADHERENCE
from tests.reference.snapshots import Rules
from tests.reference_value.conditions import Comparison, Condition, Every, Some
from tests.reference_value.model import (
    AT_RISK,
    CHURNED,
    DECLINING,
    HEALTHY,
    BehaviorSegment,
    Component,
    Linear,
    MigrationRule,
    Percentile,
    StepScale,
    Tier,
    TierMemory,
    ValueSegment,
)


def _linear(zero_at: str, full_at: str) -> Linear:
    return Linear(Fraction(zero_at), Fraction(full_at))


CONTRACT_STEPS = StepScale(
    ((Fraction(3), Fraction(100)), (Fraction(2), Fraction(80)), (Fraction(1), Fraction(50))), Fraction(20)
)
COMPONENTS = (
    Component("value", "arr", 5000, Percentile()),
    Component("value", "contract_years", 2500, CONTRACT_STEPS),
    Component("value", "on_time_payment_rate", 2500, _linear("0", "1")),
    Component("potential", "growth_rate", 4000, _linear("-0.2", "0.3")),
    Component("potential", "seats_used_share", 3000, _linear("1", "0.2")),
    Component("potential", "use_cases_matched_share", 3000, _linear("0", "1")),
    Component("strategic", "brand_rating", 3500, _linear("0", "100")),
    Component("strategic", "reference_rating", 3500, _linear("0", "100")),
    Component("strategic", "influence_rating", 3000, _linear("0", "100")),
    Component("total", "value_score", 4000, _linear("0", "100")),
    Component("total", "potential_score", 3500, _linear("0", "100")),
    Component("total", "strategic_score", 2500, _linear("0", "100")),
)
TIERS = (
    Tier("Enterprise", "Tier 1", Comparison("total_score", ">=", 80)),
    Tier("Growth", "Tier 2", Comparison("total_score", ">=", 60)),
    Tier("Scale", "Tier 3", Comparison("total_score", ">=", 40)),
    Tier("Tech-touch", "Tier 4"),
)
CHURN_SIGNALS: tuple[Condition, ...] = (
    Comparison("days_since_last_event", ">=", 60),
    Comparison("events_trend", "<=", Decimal("-0.5")),
    Comparison("health_score", "<", 40),
    Comparison("nps", "<", 0),
    Comparison("sentiment", "<", 0),
    Comparison("cancelled_on", "present"),
    Comparison("on_time_payment_rate", "<", Decimal("0.8")),
)
VALUE_SEGMENTS = (
    ValueSegment("Enterprise", Comparison("arr", ">", 100_000), (5, 10), (40, 50)),
    ValueSegment("Mid-Market", Comparison("arr", ">=", 25_000), (15, 25), (25, 35)),
    ValueSegment("SMB", Comparison("arr", ">=", 5_000), (30, 40), (15, 25)),
    ValueSegment("Starter", None, (30, 40), (5, 10)),
)
_HIGH_USAGE = Comparison("total_events_percentile", ">=", 75)
BEHAVIOR_SEGMENTS = (
    BehaviorSegment(
        "At-Risk",
        "several_churn_signals",
        "Rescue, retention",
        "Save playbooks",
        Comparison("churn_signals", ">=", 2),
    ),
    BehaviorSegment(
        DECLINING,
        "usage_falls",
        "Intervention, value proof",
        "Proactive outreach",
        Comparison("events_trend", "<=", Decimal("-0.2")),
    ),
    BehaviorSegment(
        "Champions",
        "high_usage_nps_health_and_advocacy",
        "Expansion, recognition",
        "Advocacy programs",
        Every(
            (
                _HIGH_USAGE,
                Comparison("nps", ">=", 50),
                Comparison("health_score", ">=", 60),
                Comparison("reference_rating", ">=", 50),
            )
        ),
    ),
    BehaviorSegment(
        "Power Users",
        "high_usage_and_breadth",
        "Advanced training",
        "Feature betas",
        Every((_HIGH_USAGE, Comparison("distinct_products", ">=", 3))),
    ),
    BehaviorSegment(
        "Expanding",
        "usage_or_users_grow",
        "Onboarding, enablement",
        "Growth support",
        Some(
            (
                Comparison("events_trend", ">=", Decimal("0.2")),
                Comparison("growth_rate", ">=", Decimal("0.2")),
            )
        ),
    ),
    BehaviorSegment(
        "Light Touch",
        "low_usage_and_renews",
        "Self-service, cost focus",
        "Digital nurture",
        Every(
            (
                Comparison("total_events_percentile", "<", 25),
                Comparison("days_to_renewal", ">=", 0),
                Comparison("cancelled_on", "missing"),
            )
        ),
    ),
    BehaviorSegment(
        "Steady State",
        "moderate_steady_usage",
        "Efficiency, stability",
        "Check-ins, optimization",
        Every(
            (
                Comparison("total_events_percentile", ">=", 25),
                Comparison("total_events_percentile", "<=", 75),
                Comparison("events_trend", ">=", Decimal("-0.2")),
                Comparison("events_trend", "<=", Decimal("0.2")),
            )
        ),
    ),
    BehaviorSegment("unknown", "otherwise", "Nothing typical", "Look at the customer itself"),
)


def _value_rule(before: str, after: str, mode: str, trigger: str, action: str) -> MigrationRule:
    name = f"{before}_to_{after}".lower().replace("-", "_")
    return MigrationRule("value_segment", name, before, after, mode, trigger, action)


MIGRATION_RULES = (
    _value_rule("SMB", "Mid-Market", "automatic", "arr >= 25,000", "Assign CSM"),
    _value_rule("Mid-Market", "Enterprise", "manual", "arr > 100,000", "Strategic CSM assignment"),
    MigrationRule(
        "health_state",
        "any_to_at_risk",
        "any",
        AT_RISK,
        "automatic",
        "health_score < 40",
        "Escalation playbook",
    ),
    MigrationRule(
        "health_state",
        "at_risk_to_healthy",
        AT_RISK,
        HEALTHY,
        "automatic",
        "health_score > 60 for 60 days",
        "Return to normal model",
    ),
    MigrationRule(
        "behavior_segment",
        "declining_to_churned",
        DECLINING,
        CHURNED,
        "manual",
        "cancelled_on <= as_of",
        "Win-back eligibility",
    ),
    MigrationRule(
        "behavior_segment",
        "any_to_churned",
        "any",
        CHURNED,
        "manual",
        "cancelled_on <= as_of",
        "Win-back eligibility",
    ),
    _value_rule("Starter", "SMB", "automatic", "arr >= 5,000", "Welcome to SMB"),
    _value_rule("Starter", "Mid-Market", "automatic", "arr >= 25,000", "Welcome to Mid-Market"),
    _value_rule("Starter", "Enterprise", "manual", "arr > 100,000", "Strategic CSM assignment"),
    _value_rule("SMB", "Enterprise", "manual", "arr > 100,000", "Strategic CSM assignment"),
    _value_rule("Enterprise", "any", "manual", "arr <= 100,000", "Review before downgrade"),
    _value_rule("Mid-Market", "any", "automatic", "arr < 25,000", "Hand over to scaled team"),
    _value_rule("SMB", "Starter", "automatic", "arr < 5,000", "Move to tech-touch"),
)


@dataclass(frozen=True)
class Parameters:
    """What the model's file holds; the scores are in order, one of scores after those it weighs."""

    window_months: int = 12
    components: tuple[Component, ...] = COMPONENTS
    min_coverage: Decimal = Decimal("0.5")
    ranked: tuple[str, ...] = ("total_events",)
    tiers: tuple[Tier, ...] = TIERS
    churn_signals: tuple[Condition, ...] = CHURN_SIGNALS
    fallback_rules: Rules = ADHERENCE
    value_segments: tuple[ValueSegment, ...] = VALUE_SEGMENTS
    behavior_segments: tuple[BehaviorSegment, ...] = BEHAVIOR_SEGMENTS
    at_risk_below: int = 40
    healthy_above: int = 60
    healthy_after_days: int = 60
    tier_memory: TierMemory | None = None
    migration_rules: tuple[MigrationRule, ...] = MIGRATION_RULES

    @property
    def scores(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(component.score for component in self.components))

    def of_score(self, score: str) -> list[Component]:
        return [component for component in self.components if component.score == score]


STANDARD = Parameters()

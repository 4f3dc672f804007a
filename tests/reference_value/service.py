"""What the model's file says is due to each segment, and its quadrants, risk levels, flags and alerts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tests.reference_value.conditions import Comparison, Condition, Every, Some
from tests.reference_value.model import AT_RISK, DECLINING
from tests.reference_value.standard import STANDARD


@dataclass(frozen=True)
class ServiceLevel:
    """What the customers of a service level are due; None is what is not decided."""

    service_level: str
    engagement_model: tuple[str, ...]
    success_activities: tuple[str, ...]
    metrics_focus: tuple[str, ...]
    resources: tuple[tuple[str, str], ...]
    customers_per_csm_from: int | None
    customers_per_csm_to: int | None
    qbrs_per_year: int | None
    touches_per_year: int | None


@dataclass(frozen=True)
class Choice:
    """A name and its condition; the last of several has none."""

    name: str
    when: Condition | None = None
    recommended_action: str = ""


@dataclass(frozen=True)
class Alert:
    """Something that a person should look at, and the measures to look at."""

    alert: str
    severity: str
    reason: str
    when: Condition
    figures: tuple[str, ...]


SCORES = STANDARD.scores
# From the highest.
SERVICE_LEVELS = (
    ServiceLevel(
        "Enterprise",
        (
            "Named strategic CSM",
            "Dedicated executive sponsor",
            "Quarterly business reviews",
            "Annual strategic planning",
            "Direct access to product leadership",
        ),
        (
            "Monthly strategic check-ins",
            "Bi-weekly operational reviews",
            "Custom success plans",
            "Early access to roadmap",
            "Executive-level escalation path",
        ),
        (
            "Value realization and ROI",
            "Stakeholder satisfaction",
            "Strategic alignment",
            "Expansion pipeline",
            "Reference and advocacy activity",
        ),
        (
            ("executive_access", "Direct"),
            ("custom_success_plan", "Yes"),
            ("priority_support", "Yes"),
            ("proactive_outreach", "Monthly"),
        ),
        *(10, 15, 4, 12),
    ),
    ServiceLevel(
        "Mid-Market",
        ("Pooled CSM, proactive",),
        (),
        (),
        (
            ("executive_access", "Escalation"),
            ("custom_success_plan", "Template"),
            ("priority_support", "Enhanced"),
            ("proactive_outreach", "Bi-monthly"),
        ),
        *(30, 50, 2, 6),
    ),
    ServiceLevel(
        "SMB",
        ("Scaled, digital-first",),
        (),
        (),
        (
            ("executive_access", "None"),
            ("custom_success_plan", "Self-service"),
            ("priority_support", "Standard"),
            ("proactive_outreach", "Quarterly"),
        ),
        *(100, 200, 1, 4),
    ),
    ServiceLevel(
        "Tech-Touch",
        (
            "Automated, digital-first",
            "Community-based support",
            "Self-service resources",
            "Exception-based human touch",
        ),
        (
            "Automated onboarding sequences",
            "In-app guidance and tutorials",
            "Community forum engagement",
            "Triggered outreach for risk and expansion",
            "Scaled webinars and office hours",
        ),
        (
            "Activation rate",
            "Feature adoption",
            "Support ticket volume",
            "Self-service resolution",
            "Upgrade conversion rate",
        ),
        (
            ("executive_access", "None"),
            ("custom_success_plan", "None"),
            ("priority_support", "Community"),
            ("proactive_outreach", "Triggered only"),
        ),
        *(1000, None, 0, 0),
    ),
)
DUE = dict(zip(("Enterprise", "Mid-Market", "SMB", "Starter"), SERVICE_LEVELS, strict=True))

HIGH_VALUE = Comparison("arr", ">=", 25_000)
HIGH_HEALTH = Comparison("health_score", ">=", 60)
# By high value and high health.
QUADRANTS = {
    (True, True): ("Champions high value", "Expand and grow, advocacy focus"),
    (True, False): ("At-risk high value", "Save and retain, executive focus"),
    (False, True): ("Healthy low value", "Self-serve, upgrade path"),
    (False, False): ("At-risk low value", "Evaluate ROI, tech-touch save"),
}
MANY_SIGNALS = Comparison("churn_signals", ">=", 2)
RISK_LEVELS = (
    Choice("high", MANY_SIGNALS),
    Choice("medium", Some((Comparison("churn_signals", ">=", 1), Comparison("health_score", "<", 60)))),
    Choice("low"),
)
RENEWAL_NEAR = (Comparison("days_to_renewal", ">=", 0), Comparison("days_to_renewal", "<=", 90))
FLAGS = (
    Choice(
        "CANCELLATION_AHEAD",
        Comparison("cancelled_on", "present"),
        "Save playbook before the cancellation takes effect",
    ),
    Choice("SEVERAL_CHURN_SIGNALS", MANY_SIGNALS, "Escalation playbook"),
    Choice("RENEWAL_DUE", Every(RENEWAL_NEAR), "Prepare the renewal"),
    Choice("HIGH_POTENTIAL", Comparison("potential_score", ">=", 80), "Account growth"),
    Choice("REGULAR", None, "Standard monitoring"),
)


def _in_segment(segment: str) -> Comparison:
    return Comparison("value_segment", "=", segment)


ALERTS = (
    Alert(
        "at_risk_in_top_segment",
        "high",
        "At risk in the top segment, needs executive attention",
        Every(
            (
                _in_segment("Enterprise"),
                Some(
                    (
                        Comparison("health_state", "=", AT_RISK),
                        Comparison("behavior_segment", "=", "At-Risk"),
                    )
                ),
            )
        ),
        ("arr", "health_score", "churn_signals"),
    ),
    Alert(
        "at_risk",
        "medium",
        "Several churn signals, whatever the health",
        Comparison("behavior_segment", "=", "At-Risk"),
        ("churn_signals", "health_score", "arr"),
    ),
    Alert(
        "cancellation_ahead",
        "high",
        "Cancelled for a day that is still to come",
        Comparison("cancelled_on", "present"),
        ("cancelled_on", "arr", "health_score"),
    ),
    Alert(
        "approaching_enterprise",
        "low",
        "Approaches the Enterprise threshold",
        Every(
            (
                _in_segment("Mid-Market"),
                Comparison("arr", ">=", 90_000),
                Comparison("arr", "<=", 100_000),
            )
        ),
        ("arr", "growth_rate"),
    ),
    Alert(
        "approaching_mid_market",
        "low",
        "Approaches the Mid-Market threshold",
        Every((_in_segment("SMB"), Comparison("arr", ">=", 22_500), Comparison("arr", "<", 25_000))),
        ("arr", "growth_rate"),
    ),
    Alert(
        "approaching_smb",
        "low",
        "Approaches the SMB threshold",
        Every((_in_segment("Starter"), Comparison("arr", ">=", 4_500), Comparison("arr", "<", 5_000))),
        ("arr", "growth_rate"),
    ),
    Alert(
        "declining",
        "medium",
        "Usage is declining, intervention needed",
        Comparison("behavior_segment", "=", DECLINING),
        ("events_trend", "arr"),
    ),
    Alert(
        "upgrade_candidate",
        "low",
        "Grows in the lowest segment, a candidate for an upgrade",
        Every(
            (
                _in_segment("Starter"),
                Comparison("arr", ">=", 3_000),
                Comparison("growth_rate", ">=", Decimal("0.2")),
            )
        ),
        ("arr", "growth_rate", "potential_score"),
    ),
    Alert(
        "renewal_at_low_health",
        "high",
        "Renewal due soon, health not high",
        Every((*RENEWAL_NEAR, Comparison("health_score", "<", 60))),
        ("days_to_renewal", "health_score", "arr"),
    ),
)

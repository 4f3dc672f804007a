"""What follows from the segments of value_potential_strategic, written a second time in plain exact Python.

It takes the snapshots and segments of the reference of that model: what the segments publish beside the
states, what their customers are due and need, alerts, and the moves between tiers as they are assigned.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.reference import (
    ZERO,
    Migration,
    Row,
    Snapshot,
    _arr_and_health,
    _json,
    _mean_health,
    _quotient,
    _rounded,
    _total,
    listed_and_summed,
)
from tests.reference_value import (
    AT_RISK,
    AXES,
    BEHAVIOR_SEGMENTS,
    CHURNED,
    DECLINING,
    HEALTHY,
    STANDARD,
    TIERS,
    VALUE_SEGMENTS,
    Comparison,
    Condition,
    Every,
    Linear,
    Percentile,
    Segments,
    Some,
    StepScale,
    _first_that_holds,
)


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
    Choice("CHURN_RISK", MANY_SIGNALS, "Escalation playbook"),
    Choice("RENEWAL_DUE", Every(RENEWAL_NEAR), "Prepare the renewal"),
    Choice("EXPANSION", Comparison("potential_score", ">=", 80), "Account growth"),
    Choice("REGULAR", None, "Standard monitoring"),
)


def _in_segment(segment: str) -> Comparison:
    return Comparison("value_segment", "=", segment)


ALERTS = (
    Alert(
        "at_risk_in_top_segment",
        "high",
        "At risk in the top segment, needs executive attention",
        Every((_in_segment("Enterprise"), Comparison("health_state", "=", AT_RISK))),
        ("arr", "health_score", "churn_signals"),
    ),
    Alert(
        "approaching_enterprise",
        "low",
        "Within 10 percent of the Enterprise threshold",
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
        "Within 10 percent of the Mid-Market threshold",
        Every((_in_segment("SMB"), Comparison("arr", ">=", 22_500), Comparison("arr", "<", 25_000))),
        ("arr", "growth_rate"),
    ),
    Alert(
        "approaching_smb",
        "low",
        "Within 10 percent of the SMB threshold",
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
        "Renewal due within 90 days with low health",
        Every((*RENEWAL_NEAR, Comparison("health_score", "<", 60))),
        ("days_to_renewal", "health_score", "arr"),
    ),
)

MEASURES = (
    *("delivered_service_level", "cs_representative", "total_revenue", "total_gross_margin"),
    *("lifetime_revenue", "arr", "health_score", *(f"{score}_score" for score in SCORES)),
)
STANDING = ("service_level", "service_match", "quadrant", "risk_level", "first_seen_date")


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
                **(_standing(states, measured) if measured else dict.fromkeys((*STANDING, *MEASURES))),
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
        "risk_level": _first_that_holds(RISK_LEVELS, measured).name,
        "first_seen_date": measured["first_event_date"] or measured["known_since"],
    }


def scored_now(snapshot: Snapshot, segments: Segments) -> list[Row]:
    """The scored customers with all their measures, the tier and the segments as they are assigned."""
    standing = {row["customer_key"]: row for row in full_segments(snapshot, segments)}
    return [
        {**row, **{name: standing[row["customer_key"]][name] for name in (*AXES, *STANDING)}}
        for row in snapshot.customer_tiers
    ]


def segment_summary(snapshot: Snapshot, segments: Segments) -> list[Row]:
    """A row per axis and segment of the model, empty ones too, and one for all."""
    everyone = scored_now(snapshot, segments)
    known = {
        "tier": [tier.tier for tier in TIERS],
        "value_segment": [segment.segment for segment in VALUE_SEGMENTS],
        "behavior_segment": [segment.segment for segment in BEHAVIOR_SEGMENTS],
        "health_state": [AT_RISK, HEALTHY],
    }
    expected = {segment.segment: (segment.customer_share, segment.arr_share) for segment in VALUE_SEGMENTS}
    rows = []
    for axis, segment in [("total", None), *((name, each) for name in AXES for each in known[name])]:
        members = [row for row in everyone if segment is None or row[axis] == segment]
        of_customers, of_arr = (
            expected[segment] if segment and axis == "value_segment" else ((None, None), (None, None))
        )
        rows.append(
            {
                "as_of": snapshot.as_of,
                "axis": axis,
                "segment": segment,
                "customers": len(members),
                "customer_share": _quotient(len(members), len(everyone)),
                "expected_customers_from": _percent(of_customers[0]),
                "expected_customers_to": _percent(of_customers[1]),
                "total_revenue": _total(members, "total_revenue"),
                "arr": _total(members, "arr"),
                "arr_share": _quotient(_total(members, "arr"), _total(everyone, "arr")),
                "expected_arr_from": _percent(of_arr[0]),
                "expected_arr_to": _percent(of_arr[1]),
                "mean_health": _mean_health(members, "health_score"),
            }
        )
    return rows


def value_health_matrix(snapshot: Snapshot, segments: Segments) -> list[Row]:
    """A row per quadrant, empty ones too, and one for customers whose health is not known."""
    everyone = scored_now(snapshot, segments)
    rows = []
    for quadrant, strategy in [*QUADRANTS.values(), (None, None)]:
        members = [row for row in everyone if row["quadrant"] == quadrant]
        rows.append(
            {
                "as_of": snapshot.as_of,
                "quadrant": quadrant,
                "strategy": strategy,
                "customers": len(members),
                "total_revenue": _total(members, "total_revenue"),
                "arr": _total(members, "arr"),
            }
        )
    return rows


def capacity_plan(snapshot: Snapshot, segments: Segments) -> list[Row]:
    """A row per value segment that has customers, per representative, NULL like others, and one for all."""
    scopes: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for row in scored_now(snapshot, segments):
        scopes["value_segment", row["value_segment"]].append(row)
        scopes["cs_representative", row["cs_representative"]].append(row)
        scopes["total", None].append(row)
    return [
        {"as_of": snapshot.as_of, "scope_kind": kind, "scope_value": value, **_needs(members)}
        for (kind, value), members in scopes.items()
    ]


def _needs(members: list[Row]) -> Row:
    """What these customers are due, in people and meetings; NULL where none of it is decided."""
    held = [
        (customers, DUE[segment])
        for segment, customers in Counter(row["value_segment"] for row in members).items()
    ]
    matches = Counter(row["service_match"] for row in members)
    return {
        "customers": len(members),
        "csms_at_low_ratio": _added(_quotient(n, due.customers_per_csm_from or 0) for n, due in held),
        "csms_at_high_ratio": _added(_quotient(n, due.customers_per_csm_to or 0) for n, due in held),
        "qbrs_per_quarter": _added(_a_quarter(n, due.qbrs_per_year) for n, due in held),
        "touches_per_quarter": _added(_a_quarter(n, due.touches_per_year) for n, due in held),
        "over_served": matches["over-served"],
        "under_served": matches["under-served"],
    }


def model_components(as_of: date) -> list[Row]:
    """A row per component, with its scale in words."""
    return [
        {
            "as_of": as_of,
            "score": component.score,
            "metric": component.metric,
            "weight": Decimal(component.weight) / 10_000,
            "direction": "higher_is_better",
            "scale": _told(component.scale),
        }
        for component in STANDARD.components
    ]


def _told(scale: Percentile | Linear | StepScale) -> str:
    if isinstance(scale, Linear):
        return f"0 at {float(scale.zero_at):g}, 100 at {float(scale.full_at):g}"
    if isinstance(scale, StepScale):
        heights = "".join(f"{float(scaled):g} from {float(at_least):g}, " for at_least, scaled in scale.steps)
        return f"{heights}else {float(scale.otherwise):g}"
    return "percentile"


def engagement_models(as_of: date) -> list[Row]:
    """A row per value segment, whether it has customers or not."""
    rows = []
    for segment, due in DUE.items():
        given = {
            "engagement_model": [*due.engagement_model],
            "success_activities": [*due.success_activities],
            "metrics_focus": [*due.metrics_focus],
            "resources": [*due.resources],
            "customers_per_csm_from": due.customers_per_csm_from,
            "customers_per_csm_to": due.customers_per_csm_to,
            "qbrs_per_year": due.qbrs_per_year,
            "touches_per_year": due.touches_per_year,
        }
        rows.append(
            {
                "as_of": as_of,
                "value_segment": segment,
                "service_level": due.service_level,
                **given,
                "not_decided": [name for name, value in given.items() if value is None or value == []],
            }
        )
    return rows


def tier_alerts(snapshot: Snapshot, segments: Segments) -> list[Row]:
    """A row per scored customer and alert that holds."""
    return [
        {
            "as_of": snapshot.as_of,
            **{name: row[name] for name in ("customer_key", "customer_name", "value_segment")},
            "cs_representative": row["cs_representative"],
            "alert": alert.alert,
            "severity": alert.severity,
            "reason": alert.reason,
            "figures": "{" + ",".join(f"{_json(name)}:{_json(row[name])}" for name in alert.figures) + "}",
        }
        for row in scored_now(snapshot, segments)
        for alert in ALERTS
        if alert.when.holds(row)
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


def migration(
    previous: tuple[Snapshot, Segments],
    current: tuple[Snapshot, Segments],
    flags_before: Mapping[str, str],
    flags_after: Mapping[str, str],
    *,
    list_unchanged: bool = False,
) -> Migration:
    """What happened to each customer scored in at least one of two snapshots, by the assigned tiers.

    Flags are the first action flag of each customer key then and now.
    """
    before = {row["customer_key"]: row for row in scored_now(*previous)}
    after = {row["customer_key"]: row for row in scored_now(*current)}
    reasons = {row["customer_key"]: row["reason"] for row in current[0].excluded_customers}
    days = {"as_of": current[0].as_of, "previous_as_of": previous[0].as_of}
    moves = []
    for key in sorted(before.keys() | after.keys(), key=str.encode):
        was, now = before.get(key, {}), after.get(key, {})
        movement = _movement(was, now, days["previous_as_of"])
        moves.append(
            {
                **days,
                "customer_key": key,
                "customer_name": (now or was)["customer_name"],
                "movement": movement,
                "from_tier": was.get("tier"),
                "to_tier": now.get("tier"),
                **{f"from_{score}_score": was.get(f"{score}_score") for score in SCORES},
                **{f"to_{score}_score": now.get(f"{score}_score") for score in SCORES},
                **_revenue(was, now),
                **_arr_and_health(was, now),
                "from_action_flag": flags_before.get(key),
                "to_action_flag": flags_after.get(key),
                "exclusion_reason": reasons.get(key, "not_in_source") if movement == "churned" else None,
            }
        )
    return listed_and_summed(moves, days, list_unchanged)


def _movement(was: Row, now: Row, previous_as_of: date) -> str:
    """The word for what happened; a customer that was never seen on a known day is new."""
    if not was:
        first = now["first_seen_date"]
        return "new" if first is None or first > previous_as_of else "returned"
    if not now:
        return "churned"
    order = [tier.tier for tier in TIERS]
    fallen = order.index(now["tier"]) - order.index(was["tier"])
    return "unchanged" if fallen == 0 else "downgraded" if fallen > 0 else "upgraded"


def _revenue(was: Row, now: Row) -> Row:
    """Revenue on both sides, 0 where not scored."""
    before, after = was.get("total_revenue", ZERO), now.get("total_revenue", ZERO)
    return {"revenue_before": before, "revenue_after": after, "revenue_impact": after - before}


def tier_summary(current: tuple[Snapshot, Segments], previous: tuple[Snapshot, Segments] | None) -> list[Row]:
    """A row per tier as assigned, empty ones too, then one named total. Retention goes by the tier then."""
    everyone = scored_now(*current)
    once = scored_now(*previous) if previous else []
    revenue_now = {row["customer_key"]: row["total_revenue"] for row in everyone}
    names = {**{tier.tier: tier.name for tier in TIERS}, "total": "All tiers"}
    rows = []
    for tier, tier_name in names.items():
        members = [row for row in everyone if tier in (row["tier"], "total")]
        base = [
            (row["total_revenue"], revenue_now.get(row["customer_key"], ZERO))
            for row in once
            if tier in (row["tier"], "total") and row["total_revenue"] > 0
        ]
        revenue_before = sum((before for before, _ in base), start=ZERO)
        shares = {
            share: _quotient(_total(members, column), _total(everyone, column))
            for share, column in (
                ("revenue_share", "total_revenue"),
                ("margin_share", "total_gross_margin"),
                ("arr_share", "arr"),
            )
        }
        rows.append(
            {
                "as_of": current[0].as_of,
                "tier": tier,
                "tier_name": tier_name,
                "customers": len(members),
                "customer_share": _quotient(len(members), len(everyone)),
                **{name: _total(members, name) for name in ("total_revenue", "total_gross_margin", "arr")},
                **shares,
                "mean_health": _mean_health(members, "health_score"),
                **{f"mean_{score}_score": _mean_health(members, f"{score}_score") for score in SCORES},
                "previous_as_of": previous[0].as_of if previous else None,
                "retention_customers": len(base) if previous else None,
                "net_revenue_retention": _quotient(sum((now for _, now in base), ZERO), revenue_before),
                "gross_revenue_retention": _quotient(sum((min(pair) for pair in base), ZERO), revenue_before),
            }
        )
    return rows


def _percent(share: int | None) -> Decimal | None:
    """A share in percent as a fraction."""
    return None if share is None else _rounded(Fraction(share, 100), 6)


def _a_quarter(customers: int, a_year: int | None) -> Decimal | None:
    """What so many customers are due in a quarter."""
    return None if a_year is None else _rounded(Fraction(customers * a_year, 4), 4)


def _added(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is decided, None where nothing is."""
    decided = [amount for amount in amounts if amount is not None]
    return sum(decided, start=ZERO) if decided else None

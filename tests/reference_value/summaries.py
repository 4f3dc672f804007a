"""What is published of customers together, and of the model itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.reference.exact import ZERO, Row, json_object, mean_known, quotient, rounded, total
from tests.reference.snapshots import Snapshot
from tests.reference_value.model import AT_RISK, AXES, HEALTHY, Linear, Percentile, StepScale
from tests.reference_value.segments import Segments
from tests.reference_value.service import ALERTS, DUE, QUADRANTS
from tests.reference_value.standard import BEHAVIOR_SEGMENTS, STANDARD, TIERS, VALUE_SEGMENTS
from tests.reference_value.standing import scored_now


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
                "customer_share": quotient(len(members), len(everyone)),
                "expected_customers_from": _percent(of_customers[0]),
                "expected_customers_to": _percent(of_customers[1]),
                "total_revenue": total(members, "total_revenue"),
                "arr": total(members, "arr"),
                "arr_share": quotient(total(members, "arr"), total(everyone, "arr")),
                "expected_arr_from": _percent(of_arr[0]),
                "expected_arr_to": _percent(of_arr[1]),
                "mean_health": mean_known(members, "health_score"),
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
                "total_revenue": total(members, "total_revenue"),
                "arr": total(members, "arr"),
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
        "csms_at_low_ratio": _added(quotient(n, due.customers_per_csm_from or 0) for n, due in held),
        "csms_at_high_ratio": _added(quotient(n, due.customers_per_csm_to or 0) for n, due in held),
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
            "figures": json_object(row, alert.figures),
        }
        for row in scored_now(snapshot, segments)
        for alert in ALERTS
        if alert.when.holds(row)
    ]


def _percent(share: int | None) -> Decimal | None:
    """A share in percent as a fraction."""
    return None if share is None else rounded(Fraction(share, 100), 6)


def _a_quarter(customers: int, a_year: int | None) -> Decimal | None:
    """What so many customers are due in a quarter."""
    return None if a_year is None else rounded(Fraction(customers * a_year, 4), 4)


def _added(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is decided, None where nothing is."""
    decided = [amount for amount in amounts if amount is not None]
    return sum(decided, start=ZERO) if decided else None

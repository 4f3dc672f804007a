"""What happened between two snapshots of profitability_adherence, and its sums by tier."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.reference.events import choice_order
from tests.reference.exact import ZERO, Row, mean_known, quotient, total
from tests.reference.snapshots import TIER_NAMES, Snapshot


@dataclass(frozen=True)
class Migration:
    """The diff of two snapshots: a row per customer listed, a row per movement x from_tier x to_tier."""

    tier_migration: list[Row]
    tier_migration_summary: list[Row]


def migration(previous: Snapshot, current: Snapshot, list_unchanged: bool = False) -> Migration:
    """Say what happened to each customer scored in at least one of two consecutive snapshots (section 4)."""
    before = {row["customer_key"]: row for row in previous.customer_tiers}
    after = {row["customer_key"]: row for row in current.customer_tiers}
    reasons = {row["customer_key"]: row["reason"] for row in current.excluded_customers}
    moves = [
        _move(before.get(key, {}), after.get(key, {}), reasons.get(key), previous.as_of, current.as_of)
        for key in sorted(before.keys() | after.keys(), key=str.encode)
    ]
    return listed_and_summed(
        moves, {"as_of": current.as_of, "previous_as_of": previous.as_of}, list_unchanged
    )


def listed_and_summed(moves: list[Row], days: Row, list_unchanged: bool) -> Migration:
    """The moves that are listed, and a row per movement and tiers, and one for all."""
    listed = [
        move
        for move in moves
        if list_unchanged
        or move["movement"] != "unchanged"
        or move["from_action_flag"] != move["to_action_flag"]
    ]
    groups: dict[tuple[str, str | None, str | None], list[Row]] = defaultdict(list)
    if moves:
        groups["total", None, None] = moves
    for move in moves:
        groups[move["movement"], move["from_tier"], move["to_tier"]].append(move)
    summary = [
        {
            **days,
            "movement": movement,
            "from_tier": from_tier,
            "to_tier": to_tier,
            "customers": len(group),
            **{name: total(group, name) for name in ("revenue_before", "revenue_after", "revenue_impact")},
            **{name: _total_if_any(group, name) for name in ("arr_before", "arr_after", "arr_impact")},
            "mean_health_before": mean_known(group, "health_before"),
            "mean_health_after": mean_known(group, "health_after"),
        }
        for (movement, from_tier, to_tier), group in sorted(
            groups.items(), key=lambda item: [choice_order(part) for part in item[0]]
        )
    ]
    return Migration(listed, summary)


def tier_summary(current: Snapshot, previous: Snapshot | None) -> list[Row]:
    """A row per tier of the model, empty ones too, then one named total (section 4: tier_summary)."""
    rows = [_summary_row(tier, name, (tier,), current, previous) for tier, name in TIER_NAMES.items()]
    return [*rows, _summary_row("total", "All tiers", tuple(TIER_NAMES), current, previous)]


def _move(before: Row, after: Row, excluded: str | None, previous_as_of: date, as_of: date) -> Row:
    """One customer's row of tier_migration; an empty side is a snapshot in which it was not scored."""
    known = after or before
    movement = _movement(before, after, previous_as_of)
    revenue_before = before.get("total_revenue", ZERO)
    revenue_after = after.get("total_revenue", ZERO)
    return {
        "as_of": as_of,
        "previous_as_of": previous_as_of,
        "customer_key": known["customer_key"],
        "customer_name": known["customer_name"],
        "movement": movement,
        "from_tier": before.get("tier"),
        "to_tier": after.get("tier"),
        "from_profitability_score": before.get("profitability_score"),
        "to_profitability_score": after.get("profitability_score"),
        "from_adherence_score": before.get("adherence_score"),
        "to_adherence_score": after.get("adherence_score"),
        "from_action_flag": before.get("action_flag"),
        "to_action_flag": after.get("action_flag"),
        "revenue_before": revenue_before,
        "revenue_after": revenue_after,
        "revenue_impact": revenue_after - revenue_before,
        **arr_and_health(before, after),
        "exclusion_reason": (excluded or "not_in_source") if movement == "churned" else None,
    }


def arr_and_health(before: Row, after: Row) -> Row:
    """ARR on both sides, 0 where not scored; NULL all over of a model whose customers have none."""
    arr_before = arr_after = arr_impact = None
    if "arr" in (after or before):
        arr_before, arr_after = before.get("arr") or ZERO, after.get("arr") or ZERO
        arr_impact = arr_after - arr_before
    return {
        "arr_before": arr_before,
        "arr_after": arr_after,
        "arr_impact": arr_impact,
        "health_before": before.get("health_score"),
        "health_after": after.get("health_score"),
    }


def _total_if_any(rows: Sequence[Row], column: str) -> Decimal | None:
    """The sum, None where all are."""
    known = [row[column] for row in rows if row.get(column) is not None]
    return sum(known, start=ZERO) if known else None


def _movement(before: Row, after: Row, previous_as_of: date) -> str:
    """The design's Movements; the tiers' letters sort as their order A > B > C > D."""
    if not before:
        return "new" if after["first_event_date"] > previous_as_of else "returned"
    if not after:
        return "churned"
    if after["tier"] == before["tier"]:
        return "unchanged"
    return "upgraded" if after["tier"] < before["tier"] else "downgraded"


def _summary_row(
    tier: str, tier_name: str, tiers: Sequence[str], current: Snapshot, previous: Snapshot | None
) -> Row:
    """One row of tier_summary. Retention goes by the previous tier, over those with revenue_before > 0."""
    everyone = current.customer_tiers
    members = [row for row in everyone if row["tier"] in tiers]
    revenue_now = {row["customer_key"]: row["total_revenue"] for row in everyone}
    base = [
        (row["total_revenue"], revenue_now.get(row["customer_key"], ZERO))
        for row in (previous.customer_tiers if previous else [])
        if row["tier"] in tiers and row["total_revenue"] > 0
    ]
    revenue_before = sum((before for before, _ in base), start=ZERO)
    revenue, margin = total(members, "total_revenue"), total(members, "total_gross_margin")
    return {
        "as_of": current.as_of,
        "tier": tier,
        "tier_name": tier_name,
        "customers": len(members),
        "customer_share": quotient(len(members), len(everyone)),
        "total_revenue": revenue,
        "revenue_share": quotient(revenue, total(everyone, "total_revenue")),
        "total_gross_margin": margin,
        "margin_share": quotient(margin, total(everyone, "total_gross_margin")),
        "arr": total(members, "arr") if any("arr" in row for row in everyone) else None,
        "arr_share": (
            quotient(total(members, "arr"), total(everyone, "arr"))
            if any("arr" in row for row in everyone)
            else None
        ),
        "mean_health": mean_known(members, "health_score"),
        "mean_profitability_score": quotient(total(members, "profitability_score"), len(members)),
        "mean_adherence_score": quotient(total(members, "adherence_score"), len(members)),
        "previous_as_of": previous.as_of if previous else None,
        "retention_customers": len(base) if previous else None,
        "net_revenue_retention": quotient(sum((after for _, after in base), start=ZERO), revenue_before),
        "gross_revenue_retention": quotient(sum((min(pair) for pair in base), start=ZERO), revenue_before),
    }

"""The moves between tiers as they are assigned, and the sums by tier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.reference.exact import ZERO, Row, mean_known, quotient, total
from tests.reference.moves import Migration, arr_and_health, listed_and_summed
from tests.reference.snapshots import Snapshot
from tests.reference_value.segments import Segments
from tests.reference_value.service import SCORES
from tests.reference_value.standard import TIERS
from tests.reference_value.standing import scored_now


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
                **arr_and_health(was, now),
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
    arr_now = {row["customer_key"]: row["arr"] or ZERO for row in everyone}
    names = {**{tier.tier: tier.name for tier in TIERS}, "total": "All tiers"}
    rows = []
    for tier, tier_name in names.items():
        members = [row for row in everyone if tier in (row["tier"], "total")]
        base = [
            (row["arr"], arr_now.get(row["customer_key"], ZERO))
            for row in once
            if tier in (row["tier"], "total") and (row["arr"] or ZERO) > 0
        ]
        arr_before = sum((before for before, _ in base), start=ZERO)
        shares = {
            share: quotient(total(members, column), total(everyone, column))
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
                "customer_share": quotient(len(members), len(everyone)),
                **{name: total(members, name) for name in ("total_revenue", "total_gross_margin", "arr")},
                **shares,
                "mean_health": mean_known(members, "health_score"),
                **{f"mean_{score}_score": mean_known(members, f"{score}_score") for score in SCORES},
                "previous_as_of": previous[0].as_of if previous else None,
                "retention_customers": len(base) if previous else None,
                "net_revenue_retention": quotient(sum((now for _, now in base), ZERO), arr_before),
                "gross_revenue_retention": quotient(sum((min(pair) for pair in base), ZERO), arr_before),
            }
        )
    return rows

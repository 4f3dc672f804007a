"""Scores, tiers and exclusions of profitability_adherence for one as_of."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.reference.events import (
    account_states,
    add_months,
    distinct,
    events_by_customer,
    latest,
    lifetime_revenue,
    main_business_unit,
)
from tests.reference.exact import Row, cents, fixed, json_object, rounded

TIER_NAMES = {"A": "Strategic", "B": "Margin Power", "C": "High Adherence Cost", "D": "Basic/Attention"}
RECOMMENDED_ACTIONS = {
    "CHURN_RISK": "Immediate CS contact",
    "WARNING": "Proactive check-in",
    "XSELL": "Portfolio expansion",
    "EXPANSION": "Account growth",
    "NEW": "Onboarding follow-up",
    "REGULAR": "Standard monitoring",
}


@dataclass(frozen=True)
class Rules:
    """What the model's file holds.

    A component is (score, metric, weight in basis points, higher is better).
    """

    window_months: int = 12
    peer_columns: tuple[str, ...] = ()
    components: tuple[tuple[str, str, int, bool], ...] = (
        ("profitability", "total_gross_margin", 5500, True),
        ("profitability", "total_revenue", 4500, True),
        ("adherence", "total_events", 3000, True),
        ("adherence", "events_per_active_month", 2500, True),
        ("adherence", "distinct_products", 2000, True),
        ("adherence", "distinct_business_units", 1000, True),
        ("adherence", "days_since_last_event", 1500, False),
    )
    profitability_threshold: Decimal = Decimal(70)
    adherence_threshold: Decimal = Decimal(70)
    churn_risk_days: int = 90
    warning_days: int = 60
    xsell_months: int = 10
    new_months: int = 3


@dataclass(frozen=True)
class Snapshot:
    """What is published for one as_of: a row per scored customer, a row per customer seen but not scored."""

    as_of: date
    customer_tiers: list[Row]
    excluded_customers: list[Row]


STANDARD = Rules()


def snapshot(
    facts: Iterable[Row],
    accounts: Iterable[Row],
    as_of: date,
    rules: Rules = STANDARD,
    customer_key: str = "customer_name",
) -> Snapshot:
    """Score every customer with an event on or before as_of, or say why not (section 3: Scored)."""
    is_active = account_states(accounts)
    seen = events_by_customer(facts, as_of, customer_key)

    scored, excluded = [], []
    for key in sorted(seen, key=str.encode):
        events = seen[key]
        window = [event for event in events if event["event_date"] > add_months(as_of, -rules.window_months)]
        if any(is_active.get(event["account_id"]) for event in window):
            scored.append(_measured(key, events, window, is_active, as_of))
        else:
            reason = "no_active_account" if window else "no_event_in_window"
            excluded.append(_excluded(key, events, reason, as_of))
    _score(scored, rules)
    for row in scored:
        _decide(row, rules)
    return Snapshot(as_of, scored, excluded)


def _measured(key: str, events: list[Row], window: list[Row], is_active: dict[str, bool], as_of: date) -> Row:
    """The columns of section 3 that need no peers, for one customer."""
    revenue, margin = cents(window, "total_revenue"), cents(window, "total_gross_margin")
    total_events = sum(event["event_count"] for event in window)
    active_months = len({(event["event_date"].year, event["event_date"].month) for event in window})
    account_ids = {event["account_id"] for event in window} & is_active.keys()
    active_accounts = sum(is_active[account_id] for account_id in account_ids)
    last_event_date = max(event["event_date"] for event in window)
    return {
        "as_of": as_of,
        "customer_key": key,
        "customer_name": latest(events, "customer_name"),
        "cs_representative": latest(events, "cs_representative"),
        "region": latest(events, "region"),
        "main_business_unit": main_business_unit(window),
        "total_revenue": fixed(revenue, 2),
        "total_gross_margin": fixed(margin, 2),
        "margin_rate_pct": rounded(Fraction(100 * margin, revenue), 2) if revenue else None,
        "total_events": total_events,
        "active_months": active_months,
        **_trend(window, as_of),
        "events_per_active_month": rounded(Fraction(repr(float(total_events) / active_months)), 6),
        "distinct_products": distinct(window, "product"),
        "distinct_business_units": distinct(window, "business_unit"),
        "active_accounts": active_accounts,
        "total_accounts": len(account_ids),
        "revenue_per_active_account": rounded(Fraction(revenue, 100 * active_accounts), 2),
        "first_event_date": min(event["event_date"] for event in events),
        "last_event_date": last_event_date,
        "days_since_last_event": (as_of - last_event_date).days,
        "lifetime_revenue": lifetime_revenue(events),
    }


def _excluded(key: str, events: list[Row], reason: str, as_of: date) -> Row:
    """A customer that was seen but is not scored, over all its facts on or before as_of."""
    return {
        "as_of": as_of,
        "customer_key": key,
        "customer_name": latest(events, "customer_name"),
        "reason": reason,
        "last_event_date": max(event["event_date"] for event in events),
        "lifetime_revenue": lifetime_revenue(events),
    }


def _score(rows: list[Row], rules: Rules) -> None:
    """Add peers, and below, points and scores, which are relative to them (section 2: percentile, score)."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        row["peer_group"] = json_object(row, rules.peer_columns)
        groups[row["peer_group"]].append(row)
    for row in rows:
        row["peers"] = len(groups[row["peer_group"]])

    for _, metric, weight, higher_is_better in rules.components:
        ordered = {group: sorted(_ranked(peer, metric) for peer in peers) for group, peers in groups.items()}
        for row in rows:
            below = bisect_left(ordered[row["peer_group"]], _ranked(row, metric))
            percentile = Fraction(below, row["peers"] - 1) if row["peers"] > 1 else Fraction(0)
            scaled = 100 * (percentile if higher_is_better else 1 - percentile)
            row[f"{metric}_below"] = below
            row[f"{metric}_points"] = rounded(Fraction(weight, 10_000) * scaled, 6)
    for row in rows:
        for score in dict.fromkeys(component[0] for component in rules.components):
            row[f"{score}_score"] = sum(
                (row[f"{metric}_points"] for name, metric, *_ in rules.components if name == score),
                start=Decimal("0.000000"),
            )


def _decide(row: Row, rules: Rules) -> None:
    """Add tier and action flags, from the published scores (section 3: Tiers, Action flags)."""
    profitable = row["profitability_score"] >= rules.profitability_threshold
    adherent = row["adherence_score"] >= rules.adherence_threshold
    quiet_days = row["days_since_last_event"]
    holds = {
        "CHURN_RISK": quiet_days >= rules.churn_risk_days,
        "WARNING": rules.warning_days <= quiet_days < rules.churn_risk_days,
        "XSELL": row["active_months"] >= rules.xsell_months and row["distinct_products"] == 1,
        "EXPANSION": profitable and row["active_accounts"] == 1,
        "NEW": row["first_event_date"] > add_months(row["as_of"], -rules.new_months),
    }
    flags = [flag for flag, held in holds.items() if held] or ["REGULAR"]
    row["tier"] = "AB"[not adherent] if profitable else "CD"[not adherent]
    row["tier_name"] = TIER_NAMES[row["tier"]]
    row["action_flag"] = flags[0]
    row["action_flags"] = [(flag, RECOMMENDED_ACTIONS[flag]) for flag in flags]


def _ranked(row: Row, metric: str) -> Fraction | float:
    """The value that ranks: the published one, but for the one metric ranked as a DOUBLE (section 3)."""
    if metric == "events_per_active_month":
        return float(row["total_events"]) / float(row["active_months"])
    return Fraction(row[metric])


def _trend(window: list[Row], as_of: date) -> Row:
    """The events of the last three months, of the three before, and how they compare."""
    starts = [add_months(as_of, -months) for months in (6, 3)]
    recent = sum(event["event_count"] for event in window if event["event_date"] > starts[1])
    earlier = sum(e["event_count"] for e in window if starts[0] < e["event_date"] <= starts[1])
    trend = rounded(Fraction(recent - earlier, earlier), 6) if earlier else None
    return {"recent_events": recent, "earlier_events": earlier, "events_trend": trend}

"""The model profitability_adherence written a second time, in plain exact Python, to test the pipeline with.

It shares neither code nor method with the pipeline: everything is exact fractions, rounded only where the
design says so. Sections cited are the design's: 2 (words), 3 (semantics), 4 (tables).
NULL is None; the columns model and run_id, which say who published a row, are left out.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any
from unicodedata import category

Row = dict[str, Any]

ZERO = Decimal("0.00")
TIER_NAMES = {"A": "Strategic", "B": "Margin Power", "C": "High Adherence Cost", "D": "Basic/Attention"}
RECOMMENDED_ACTIONS = {
    "CHURN_RISK": "Immediate contact",
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


@dataclass(frozen=True)
class Migration:
    """The diff of two snapshots: a row per customer listed, a row per movement x from_tier x to_tier."""

    tier_migration: list[Row]
    tier_migration_summary: list[Row]


STANDARD = Rules()


def add_months(day: date, months: int) -> date:
    """Spark's add_months: clamps to the shorter month's last day and never snaps to a month's end."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def snapshot(
    facts: Iterable[Row],
    accounts: Iterable[Row],
    as_of: date,
    rules: Rules = STANDARD,
    customer_key: str = "customer_name",
) -> Snapshot:
    """Score every customer with an event on or before as_of, or say why not (section 3: Scored)."""
    is_active = _account_states(accounts)
    seen: dict[str, list[Row]] = defaultdict(list)
    for fact in facts:
        if fact["event_date"] <= as_of:
            seen[fact[customer_key]].append(fact)

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
            **{name: _total(group, name) for name in ("revenue_before", "revenue_after", "revenue_impact")},
            **{name: _total_if_any(group, name) for name in ("arr_before", "arr_after", "arr_impact")},
            "mean_health_before": _mean_health(group, "health_before"),
            "mean_health_after": _mean_health(group, "health_after"),
        }
        for (movement, from_tier, to_tier), group in sorted(
            groups.items(), key=lambda item: [_choice_order(part) for part in item[0]]
        )
    ]
    return Migration(listed, summary)


def tier_summary(current: Snapshot, previous: Snapshot | None) -> list[Row]:
    """A row per tier of the model, empty ones too, then one named total (section 4: tier_summary)."""
    rows = [_summary_row(tier, name, (tier,), current, previous) for tier, name in TIER_NAMES.items()]
    return [*rows, _summary_row("total", "All tiers", tuple(TIER_NAMES), current, previous)]


def _account_states(accounts: Iterable[Row]) -> dict[str, bool]:
    """Each listed account once, and whether any of its rows is active (section 3: active_accounts)."""
    states: dict[str, bool] = {}
    for account in accounts:
        if account["account_id"] is not None:
            active = _seen(account["status"] or "").lower() == "active"
            states[account["account_id"]] = active or states.get(account["account_id"], False)
    return states


def _seen(text: str) -> str:
    """A text without white space around it and without what doesn't show (section 3)."""
    return "".join(sign for sign in text if sign.isspace() or category(sign) not in {"Cc", "Cf"}).strip()


def _measured(key: str, events: list[Row], window: list[Row], is_active: dict[str, bool], as_of: date) -> Row:
    """The columns of section 3 that need no peers, for one customer."""
    revenue, margin = _cents(window, "total_revenue"), _cents(window, "total_gross_margin")
    total_events = sum(event["event_count"] for event in window)
    active_months = len({(event["event_date"].year, event["event_date"].month) for event in window})
    account_ids = {event["account_id"] for event in window} & is_active.keys()
    active_accounts = sum(is_active[account_id] for account_id in account_ids)
    last_event_date = max(event["event_date"] for event in window)
    return {
        "as_of": as_of,
        "customer_key": key,
        "customer_name": _latest(events, "customer_name"),
        "cs_representative": _latest(events, "cs_representative"),
        "region": _latest(events, "region"),
        "main_business_unit": _main_business_unit(window),
        "total_revenue": _fixed(revenue, 2),
        "total_gross_margin": _fixed(margin, 2),
        "margin_rate_pct": _rounded(Fraction(100 * margin, revenue), 2) if revenue else None,
        "total_events": total_events,
        "active_months": active_months,
        **_trend(window, as_of),
        "events_per_active_month": _rounded(Fraction(repr(float(total_events) / active_months)), 6),
        "distinct_products": _distinct(window, "product"),
        "distinct_business_units": _distinct(window, "business_unit"),
        "active_accounts": active_accounts,
        "total_accounts": len(account_ids),
        "revenue_per_active_account": _rounded(Fraction(revenue, 100 * active_accounts), 2),
        "first_event_date": min(event["event_date"] for event in events),
        "last_event_date": last_event_date,
        "days_since_last_event": (as_of - last_event_date).days,
        "lifetime_revenue": _lifetime_revenue(events),
    }


def _excluded(key: str, events: list[Row], reason: str, as_of: date) -> Row:
    """A customer that was seen but is not scored, over all its facts on or before as_of."""
    return {
        "as_of": as_of,
        "customer_key": key,
        "customer_name": _latest(events, "customer_name"),
        "reason": reason,
        "last_event_date": max(event["event_date"] for event in events),
        "lifetime_revenue": _lifetime_revenue(events),
    }


def _score(rows: list[Row], rules: Rules) -> None:
    """Add peers, and below, points and scores, which are relative to them (section 2: percentile, score)."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        row["peer_group"] = _peer_group(row, rules.peer_columns)
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
            row[f"{metric}_points"] = _rounded(Fraction(weight, 10_000) * scaled, 6)
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
        **_arr_and_health(before, after),
        "exclusion_reason": (excluded or "not_in_source") if movement == "churned" else None,
    }


def _arr_and_health(before: Row, after: Row) -> Row:
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


def _mean_health(rows: Iterable[Row], column: str) -> Decimal | None:
    """The mean of those that are known."""
    known = [row[column] for row in rows if row.get(column) is not None]
    return _quotient(sum(known, start=ZERO), len(known))


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
    revenue, margin = _total(members, "total_revenue"), _total(members, "total_gross_margin")
    return {
        "as_of": current.as_of,
        "tier": tier,
        "tier_name": tier_name,
        "customers": len(members),
        "customer_share": _quotient(len(members), len(everyone)),
        "total_revenue": revenue,
        "revenue_share": _quotient(revenue, _total(everyone, "total_revenue")),
        "total_gross_margin": margin,
        "margin_share": _quotient(margin, _total(everyone, "total_gross_margin")),
        "arr": _total(members, "arr") if any("arr" in row for row in everyone) else None,
        "arr_share": (
            _quotient(_total(members, "arr"), _total(everyone, "arr"))
            if any("arr" in row for row in everyone)
            else None
        ),
        "mean_health": _mean_health(members, "health_score"),
        "mean_profitability_score": _quotient(_total(members, "profitability_score"), len(members)),
        "mean_adherence_score": _quotient(_total(members, "adherence_score"), len(members)),
        "previous_as_of": previous.as_of if previous else None,
        "retention_customers": len(base) if previous else None,
        "net_revenue_retention": _quotient(sum((after for _, after in base), start=ZERO), revenue_before),
        "gross_revenue_retention": _quotient(sum((min(pair) for pair in base), start=ZERO), revenue_before),
    }


def _ranked(row: Row, metric: str) -> Fraction | float:
    """The value that ranks: the published one, but for the one metric ranked as a DOUBLE (section 3)."""
    if metric == "events_per_active_month":
        return float(row["total_events"]) / float(row["active_months"])
    return Fraction(row[metric])


def _peer_group(row: Row, columns: Sequence[str]) -> str:
    """The peer columns as Spark's to_json writes them, NULLs kept, in the order configured."""
    return "{" + ",".join(f"{_json(column)}:{_json(row[column])}" for column in columns) + "}"


def _json(value: str | int | Decimal | date | None) -> str:
    """One JSON value: text and dates quoted and unescaped as far as JSON allows, numbers bare."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return json.dumps(value.isoformat() if isinstance(value, date) else value, ensure_ascii=False)


def _main_business_unit(window: list[Row]) -> str | None:
    """The business unit with most revenue, unrounded, NULL competing as a value."""
    revenue: dict[str | None, Fraction] = defaultdict(Fraction)
    for event in window:
        revenue[event["business_unit"]] += amount(event["total_revenue"])
    return _chosen(unit for unit, total in revenue.items() if total == max(revenue.values()))


def _trend(window: list[Row], as_of: date) -> Row:
    """The events of the last three months, of the three before, and how they compare."""
    starts = [add_months(as_of, -months) for months in (6, 3)]
    recent = sum(event["event_count"] for event in window if event["event_date"] > starts[1])
    earlier = sum(e["event_count"] for e in window if starts[0] < e["event_date"] <= starts[1])
    trend = _rounded(Fraction(recent - earlier, earlier), 6) if earlier else None
    return {"recent_events": recent, "earlier_events": earlier, "events_trend": trend}


def _latest(events: list[Row], column: str) -> str | None:
    """An attribute from the latest event date, each column chosen for itself."""
    last_event_date = max(event["event_date"] for event in events)
    return _chosen(event[column] for event in events if event["event_date"] == last_event_date)


def _chosen(values: Iterable[str | None]) -> str | None:
    """The first of several values (section 2: ties in a choice)."""
    return min(values, key=_choice_order)


def _choice_order(value: str | None) -> tuple[bool, bytes]:
    """Binary string order, smallest first, NULL last."""
    return value is None, (value or "").encode()


def _distinct(window: list[Row], column: str) -> int:
    """How many different non-NULL values the column has."""
    return len({event[column] for event in window} - {None})


def _lifetime_revenue(events: list[Row]) -> Decimal:
    """Revenue of all facts on or before as_of."""
    return _fixed(_cents(events, "total_revenue"), 2)


def _total(rows: Iterable[Row], column: str) -> Decimal:
    """The sum of a decimal column, 0.00 over no rows."""
    return sum((row[column] for row in rows), start=ZERO)


def _quotient(dividend: Decimal | int, divisor: Decimal | int) -> Decimal | None:
    """The exact quotient to 6 decimals, None where there is nothing to divide by."""
    return _rounded(Fraction(dividend) / Fraction(divisor), 6) if divisor else None


def amount(given: Decimal) -> Fraction:
    """An amount as it is read: half up to 6 decimals."""
    return Fraction(_half_up(Fraction(given) * 10**6), 10**6)


def _cents(events: Iterable[Row], column: str) -> int:
    """A sum of money in cents, rounded once."""
    return _half_up(100 * sum((amount(event[column]) for event in events), start=Fraction(0)))


def _rounded(value: Fraction, places: int) -> Decimal:
    """A fraction as a decimal of that many places."""
    return _fixed(_half_up(value * 10**places), places)


def _half_up(value: Fraction) -> int:
    """The nearest integer, halves away from zero."""
    nearest = floor(abs(value) + Fraction(1, 2))
    return -nearest if value < 0 else nearest


def _fixed(units: int, places: int) -> Decimal:
    """So many units of the last decimal place, exactly and whatever the decimal context."""
    return Decimal(f"{units}E-{places}")

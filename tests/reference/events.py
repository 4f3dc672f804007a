"""What both models say of a customer's events and accounts, and the order in which values are chosen."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from unicodedata import category

from tests.reference.exact import Row, amount, cents, fixed


def add_months(day: date, months: int) -> date:
    """Spark's add_months: clamps to the shorter month's last day and never snaps to a month's end."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def events_by_customer(facts: Iterable[Row], as_of: date, customer_key: str) -> dict[str, list[Row]]:
    """The facts on or before as_of of each customer; none of a customer without."""
    events: dict[str, list[Row]] = defaultdict(list)
    for fact in facts:
        if fact["event_date"] <= as_of:
            events[fact[customer_key]].append(fact)
    return events


def account_states(accounts: Iterable[Row]) -> dict[str, bool]:
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


def latest(events: list[Row], column: str) -> str | None:
    """An attribute from the latest event date, each column chosen for itself."""
    last_event_date = max(event["event_date"] for event in events)
    return _chosen(event[column] for event in events if event["event_date"] == last_event_date)


def main_business_unit(window: list[Row]) -> str | None:
    """The business unit with most revenue, unrounded, NULL competing as a value."""
    revenue: dict[str | None, Fraction] = defaultdict(Fraction)
    for event in window:
        revenue[event["business_unit"]] += amount(event["total_revenue"])
    return _chosen(unit for unit, total in revenue.items() if total == max(revenue.values()))


def _chosen(values: Iterable[str | None]) -> str | None:
    """The first of several values (section 2: ties in a choice)."""
    return min(values, key=choice_order)


def choice_order(value: str | None) -> tuple[bool, bytes]:
    """Binary string order, smallest first, NULL last."""
    return value is None, (value or "").encode()


def distinct(window: list[Row], column: str) -> int:
    """How many different non-NULL values the column has."""
    return len({event[column] for event in window} - {None})


def lifetime_revenue(events: list[Row]) -> Decimal:
    """Revenue of all facts on or before as_of."""
    return fixed(cents(events, "total_revenue"), 2)

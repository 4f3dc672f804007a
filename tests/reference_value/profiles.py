"""What was known of each customer at a date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from tests.reference.exact import Row, json_object, rounded

MONEY = ("arr", "mrr")
NUMBERS = (
    "contract_years",
    "on_time_payment_rate",
    "user_growth_rate",
    "brand_rating",
    "reference_rating",
    "influence_rating",
    "nps",
    "sentiment",
    "health_score",
)
COUNTS = ("seats_used", "seats_bought", "use_cases_matched", "use_cases_total")
PROFILE_COLUMNS = (
    *("customer_name", *MONEY, *NUMBERS, *COUNTS),
    *("renewal_date", "cancelled_on", "valid_from", "delivered_service_level"),
)


def customer_profiles(
    profiles: Iterable[Row], as_of: date, customer_key: str = "customer_name"
) -> dict[str, Row]:
    """What was known of each customer at as_of: its latest valid row, and since when any was known."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for given in profiles:
        profile = _read(given)
        key = given.get(customer_key)
        in_time = profile["valid_from"] is None or profile["valid_from"] <= as_of
        if key is not None and key.strip(" ") and _is_usable(profile) and in_time:
            rows[key].append(profile)
    known = {}
    for key, candidates in rows.items():
        dates = [row["valid_from"] for row in candidates if row["valid_from"] is not None]
        latest = max(dates, default=None)
        chosen = min((row for row in candidates if row["valid_from"] == latest), key=_profile_order)
        known[key] = {**chosen, "known_since": min(dates, default=None)}
    return known


def _read(given: Row) -> Row:
    """A profile's row as it is read: money in cents, numbers with 6 decimals, absent columns NULL."""
    profile: Row = {name: given.get(name) for name in PROFILE_COLUMNS}
    for names, places in ((MONEY, 2), (NUMBERS, 6)):
        for name in names:
            if profile[name] is not None:
                profile[name] = rounded(Fraction(profile[name]), places)
    return profile


def _is_usable(profile: Row) -> bool:
    """Whether the row is kept: negative ARR and negative counts are quarantined."""
    return all(profile[name] is None or profile[name] >= 0 for name in (*MONEY, *COUNTS))


def _profile_order(profile: Row) -> bytes:
    """The row as the text of a JSON object, NULLs kept, which decides among rows of one date."""
    return json_object(profile, PROFILE_COLUMNS).encode()

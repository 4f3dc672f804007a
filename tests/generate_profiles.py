"""Deterministic profiles and decisions that try to break the segments: the same seed gives the same rows.

Profiles are rows of dim_customers with a customer_id beside customer_name, decisions rows of tier_decisions.
No row is bad: keys are there, ARR and counts are not negative. Rates and ratings beyond their ranges are
among them, which is warned of and not refused. Rows of one customer and valid_from differ in one column at
most, and no two decisions agree in all that decides between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.generate import _fact, _finished, _months_before, _ordinary

Row = dict[str, Any]

# Month ends: in a leap year, some of them are 60 days apart and others 59, 61 or 62.
MONTHS = (
    *(date(2023, 11, 30), date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)),
    *(date(2024, 4, 30), date(2024, 5, 31), date(2024, 6, 30), date(2024, 7, 31), date(2024, 8, 31)),
    *(date(2024, 9, 30), date(2024, 10, 31)),
)
QUARTERS = tuple(_months_before(date(2024, 12, 31), 3 * number) for number in reversed(range(12)))

# None stands for NULL. Limits are there exactly, and a least step to either side of them.
CHOICES: dict[str, tuple[str | int | None, ...]] = {
    "arr": (
        *(None, "0.00", "4999.99", "5000.00", "12000.00", "24999.99", "25000.00"),
        *("60000.00", "60000.00", "100000.00", "100000.01", "250000.005"),
    ),
    "contract_years": (None, "0", "0.5", "1", "1.999999", "2", "3", "5"),
    "on_time_payment_rate": (None, "0", "0.799999", "0.8", "0.95", "1", "1.2"),
    "user_growth_rate": (None, "-0.5", "-0.2", "0", "0.199999", "0.2", "0.25", "0.3", "2"),
    "brand_rating": (None, "0", "33.333333", "60", "66.6666665", "100", "105"),
    "reference_rating": (None, "0", "49.999999", "50", "100", "-5"),
    "influence_rating": (None, "0", "70", "99.999999", "100"),
    "nps": (None, "-100", "-0.000001", "0", "49", "50", "90"),
    "sentiment": (None, None, "-0.000001", "0", "70"),
    "mrr": (None, None, "416.665", "5000", "8333.34"),
    "health_score": (None, "0", "39.999999", "40", "50", "60", "60.000001", "75", "75", "90", "120"),
    "seats_used": (None, 0, 7, 40, 100, 130),
    "seats_bought": (None, 0, 3, 100, 100, 700),
    "use_cases_matched": (None, 0, 1, 8),
    "use_cases_total": (None, 0, 3, 10, 10),
    "delivered_service_level": (None, "Enterprise", "Mid-Market", "SMB", "Starter", "starter", ""),
}
VALUES = {
    "tier": ("Enterprise", "Growth", "Scale", "Tech-touch"),
    "value_segment": ("Enterprise", "Mid-Market", "SMB", "Starter"),
    "behavior_segment": ("Champions", "Declining", "unknown", "churned"),
    "health_state": ("At-Risk", "Healthy"),
}

LATER = timedelta(minutes=1)
# What makes a decision one without effect, though the table takes it.
FAULTS: tuple[Row, ...] = (
    {"axis": "Tier"},
    {"decision": "approve", "value": None},
    *({"decision": "override", "value": value} for value in (None, "VIP", "churned")),
    *({"decision": "override", "reason": reason} for reason in (None, " ")),
    {"decision": "override", "expires": None},
    {"expires": date(2000, 1, 1)},
    {"axis": "tier", "decision": "approve", "value": "Growth"},
    {"axis": "health_state", "decision": "reject", "value": "At-Risk"},
    {"axis": "behavior_segment", "decision": "approve", "value": "Champions"},
)


@dataclass(frozen=True)
class History:
    """The sources of a history of snapshots at these dates."""

    dates: tuple[date, ...]
    facts: list[Row]
    accounts: list[Row]
    profiles: list[Row]
    decisions: list[Row]


def value_history(seed: int, dates: Sequence[date] = MONTHS, customers: int = 6) -> History:
    """Return a fixed cast in which everything happens, among so many random customers.

    Dates ascend, eight at least, a month to three apart.
    """
    rng = Random(seed)
    random_names = [f"Customer {number:02d}" for number in range(customers)]
    facts = _cast_facts(dates)
    for name in random_names[::2]:
        for day in rng.sample(list(dates), 3):
            facts += _ordinary(rng, name, day)
    numbered, accounts = _finished(rng, facts)
    profiles = [*_cast_profiles(dates), *random_profiles(rng.random(), dates, random_names)]
    decisions = [*_cast_decisions(dates), *random_decisions(rng.random(), dates, random_names)]
    ids = {fact["customer_name"]: fact["customer_id"] for fact in numbered}
    profiles = with_ids(profiles, ids)
    rng.shuffle(profiles)
    rng.shuffle(decisions)
    return History(tuple(dates), numbered, accounts, profiles, decisions)


def random_profiles(seed: float, dates: Sequence[date], names: Iterable[str]) -> list[Row]:
    """Several rows of dim_customers for most of the named customers, and none for every eighth."""
    rng = Random(seed)
    profiles: list[Row] = []
    for number, name in enumerate(names):
        if number % 8 == 7:
            continue
        nulls = rng.choice((0.0, 0.1, 0.1, 0.3, 0.9))
        for valid_from in _valid_from(rng, dates):
            row = profile(name, valid_from, **_random_values(rng, dates, nulls))
            profiles += [row, *_rivals(rng, row)]
    rng.shuffle(profiles)
    return profiles


def random_decisions(seed: float, dates: Sequence[date], names: Sequence[str]) -> list[Row]:
    """Decisions about the named customers and an unknown one: late, expiring, contradicting."""
    rng = Random(seed)
    decisions: list[Row] = []
    for _ in range(4 * len(names)):
        axis = rng.choice(("tier", "value_segment", "value_segment", "behavior_segment", "health_state"))
        valid_from = rng.choice(dates) + timedelta(days=rng.choice((-20, -1, 0, 0, 1)))
        lasts = rng.choice((None, None, 0, 1, 31, 75, -5))
        made = decision(
            rng.choice((*names, "Nobody")),
            axis,
            rng.choice(("approve", "approve", "reject", "override")),
            rng.choice(VALUES[axis]),
            valid_from,
            expires=None if lasts is None else valid_from + timedelta(days=lasts),
            recorded_on=valid_from + timedelta(days=rng.choice((-3, 0, 0, 100))),
        )
        decisions.append(made)
        if rng.random() < 0.3:
            contrary = {"decision": rng.choice(("approve", "reject")), "value": rng.choice(VALUES[axis])}
            decisions.append({**made, **contrary, "reason": "a second opinion"})
        if rng.random() < 0.2:
            decisions.append({**made, "recorded_at": made["recorded_at"] + LATER, **rng.choice(FAULTS)})
    return _told_apart(decisions)


def profile(customer_name: str, valid_from: date | None = None, **given: Any) -> Row:
    """One row of dim_customers, NULL but for what is given; numbers may be texts."""
    row: Row = {"customer_name": customer_name, **dict.fromkeys(CHOICES)}
    row |= {"renewal_date": None, "cancelled_on": None, "valid_from": valid_from}
    for column, value in given.items():
        is_number = isinstance(value, str) and column != "delivered_service_level"
        row[column] = Decimal(value) if is_number else value
    return row


def decision(
    customer_key: str,
    axis: str,
    what: str,
    value: str | None,
    valid_from: date,
    *,
    expires: date | None = None,
    recorded_on: date | None = None,
) -> Row:
    """One row of tier_decisions."""
    return {
        "customer_key": customer_key,
        "axis": axis,
        "decision": what,
        "value": value,
        "decided_by": "ana",
        "reason": f"{what} {value}",
        "valid_from": valid_from,
        "expires": expires,
        "recorded_at": datetime.combine(recorded_on or valid_from, time(9, 30), UTC),
    }


def with_ids(profiles: Iterable[Row], ids: dict[str, str]) -> list[Row]:
    """The profiles with the customer_id that the facts have, or one of their own."""
    return [
        {"customer_id": ids.get(row["customer_name"], f"P-{row['customer_name']}"), **row} for row in profiles
    ]


def _valid_from(rng: Random, dates: Sequence[date]) -> list[date | None]:
    """Some dates from which a customer's rows are valid: NULL, on an as_of, just after and far from one."""
    days = [day + timedelta(days=rng.choice((-15, 0, 0, 1))) for day in dates]
    chosen: list[date | None] = [*rng.sample(days, rng.randint(2, len(days)))]
    chosen += rng.choice(([], [None], [None, dates[0] - timedelta(days=700)], [dates[0]]))
    chosen += rng.choice(([], [dates[-1] + timedelta(days=1)]))
    return [*dict.fromkeys(chosen)]


def _random_values(rng: Random, dates: Sequence[date], nulls: float) -> Row:
    """A value for every column, NULL in this share of them."""
    values = {column: rng.choice(choices) for column, choices in CHOICES.items()}
    day = rng.choice(dates)
    dated: Row = {
        "renewal_date": day + timedelta(days=rng.choice((-30, 0, 45))),
        "cancelled_on": day + timedelta(days=rng.choice((-1, 0, 1, 500))) if rng.random() < 0.15 else None,
    }
    return {column: None if rng.random() < nulls else value for column, value in {**values, **dated}.items()}


def _rivals(rng: Random, row: Row) -> list[Row]:
    """Rows of the same customer and valid_from: none, the same row again, or one that differs once."""
    kind = rng.randrange(6)
    if kind == 0:
        return [dict(row)]
    if kind == 1:
        column = rng.choice(("arr", "nps", "health_score", "seats_used", "delivered_service_level"))
        return [{**row, column: profile("", None, **{column: rng.choice(CHOICES[column])})[column]}]
    return []


def _told_apart(decisions: list[Row]) -> list[Row]:
    """The decisions without those that nothing would decide between."""
    columns = ("customer_key", "axis", "valid_from", "recorded_at", "decision", "value")
    return [*{tuple(row[name] for name in columns): row for row in reversed(decisions)}.values()]


def _path(name: str, dates: Sequence[date], column: str, values: Sequence[Any], **others: Any) -> list[Row]:
    """A customer known in full whose one column takes these values, one from each date on."""
    return [
        profile(name, day, **{**FULL, **others, column: value})
        for day, value in zip(dates, values, strict=False)
    ]


FULL: dict[str, Any] = {
    "arr": "60000.00",
    "contract_years": "2",
    "on_time_payment_rate": "1",
    "user_growth_rate": "0.1",
    "brand_rating": "60",
    "reference_rating": "75",
    "influence_rating": "70",
    "nps": "20",
    "health_score": "70",
    "seats_used": 40,
    "seats_bought": 100,
    "use_cases_matched": 8,
    "use_cases_total": 10,
}


def _cast_profiles(dates: Sequence[date]) -> list[Row]:
    """One customer for each thing that can happen to a profile."""
    day, later = dates[2], timedelta(days=1)
    dip = ("70", "39.999999", "60.000001", "61", "62", "63", "64", "40", "70", "20", "60", "61")
    broken = ("30", "75", None, "75", "60", "75", "40", "75", "75", "75", "75", "39")
    rise = ("4999.99", "5000", "24999.99", "25000", "100000", "100000.01", "100000.01", "99000", "3000")
    return [
        *_path("Health dips and recovers", dates, "health_score", dip),
        *_path("Health recovers late", dates, "health_score", broken),
        *_path("Health starts between", dates, "health_score", ("50", None, "40", "39", "50", "60")),
        *_path("ARR rises and falls", dates, "arr", rise),
        *_path("Promoted by review", dates, "arr", ("30000", "150000")),
        *_path("Promotion refused", dates, "arr", ("30000", "150000", "150000", "6000")),
        *_path("Overridden meanwhile", dates, "arr", ("30000", "150000")),
        *_path("Torn opinions", dates, "arr", ("150000", "60000", "150000", "4000")),
        *_path("Starts high", dates, "arr", ("1000", "150000", "30000", "30000", "1000")),
        *_path("Leaves and returns", dates, "cancelled_on", (None, None, day, day, None, None)),
        *_path("At risk, leaves, returns", dates, "cancelled_on", (None, day, day, None), health_score="20"),
        *_path("Fades and cancels", dates, "cancelled_on", (None, None, None, None, dates[4]), nps="10"),
        *_path("Fades, cancels, returns", dates, "cancelled_on", (None,) * 4 + (dates[4],) * 2 + (None,)),
        profile("Cancels on as_of", None, **FULL, cancelled_on=day),
        profile("Cancels the day after", None, **FULL, cancelled_on=day + later),
        profile("Known later", day + later, **FULL),
        profile("Known from as_of", day, **FULL),
        profile("Known after all", dates[-1] + later, **FULL),
        profile("Nothing known", None),
        profile("Only contract known", None, contract_years="3", on_time_payment_rate="1"),
        profile("Half known", None, **{k: FULL[k] for k in ("arr", "contract_years", "brand_rating")}),
        profile("Advocate", None, **{**FULL, "nps": "60", "health_score": "75", "reference_rating": "50"}),
        profile("Renews quietly", None, **FULL, renewal_date=dates[-1]),
        profile("Cancellation ahead", None, **FULL, cancelled_on=dates[-1] + later),
        profile(
            "At risk at the top",
            None,
            **{**FULL, "arr": "150000", "nps": "-5", "on_time_payment_rate": "0.5"},
        ),
        *_path("Cancels in calm", dates, "cancelled_on", (None,) * 5 + (dates[5],)),
        *_path("Cancels and is refused", dates, "cancelled_on", (None,) * 5 + (dates[5],)),
        profile("Told by the month", None, **{**FULL, "arr": None, "mrr": "2083.335", "sentiment": "-1"}),
        *_path("Shrinks", dates, "arr", ("6000", "6000", "4000")),
        # Scored, then measured too little, then cancelled.
        profile("Unknown, then cancels", None, **FULL),
        profile("Unknown, then cancels", dates[4], arr="9000"),
        profile("Unknown, then cancels", dates[5], arr="9000", cancelled_on=dates[5]),
    ]


def _cast_facts(dates: Sequence[date]) -> list[Row]:
    """Events for some of the cast: fading, steady, only long ago, on the limits of the trend."""
    names = ("Fades and cancels", "Fades, cancels, returns")
    fading = [
        _fact(name, _months_before(dates[3], months), event_count=count)
        for name in names
        for months, count in ((0, 2), (1, 1), (4, 3), (5, 2), (7, 9))
    ]
    trend = [
        _fact("Known from as_of", _months_before(dates[4], months), product=f"P{months}")
        for months in (0, 3, 6, 9)
    ]
    steady = [
        _fact(name, _months_before(day, 0) - timedelta(days=9), "3000.00", "800.00", event_count=7)
        for name in ("Events only", "Nothing known", "Half known", "Only contract known", "Advocate")
        for day in dates
    ]
    return [
        *fading,
        *trend,
        *steady,
        _fact("Known later", _months_before(dates[0], 13), "90.00"),
        _fact("Refunded", dates[0], "-50.00", "-20.00"),
    ]


def _cast_decisions(dates: Sequence[date]) -> list[Row]:
    """Decisions for some of the cast, each with a history of its own."""
    segment, day = "value_segment", timedelta(days=1)
    return [
        decision("Promoted by review", segment, "approve", "Enterprise", dates[3], recorded_on=dates[6]),
        decision("Promotion refused", segment, "reject", None, dates[1], expires=dates[2]),
        decision("Overridden meanwhile", segment, "override", "SMB", dates[2], expires=dates[4]),
        decision("Overridden meanwhile", segment, "approve", "Enterprise", dates[5] + day),
        decision("Torn opinions", segment, "approve", "Mid-Market", dates[1]),
        decision("Torn opinions", segment, "reject", "Mid-Market", dates[1]),
        decision("Torn opinions", segment, "approve", "SMB", dates[1]),
        decision("Torn opinions", segment, "reject", "Enterprise", dates[2], recorded_on=dates[5]),
        decision("Torn opinions", segment, "approve", "Enterprise", dates[2], recorded_on=dates[4]),
        decision("Leaves and returns", "tier", "override", "Enterprise", dates[0], expires=dates[3]),
        decision(
            "Health dips and recovers", "health_state", "override", "Healthy", dates[1], expires=dates[2]
        ),
        decision("Fades and cancels", "behavior_segment", "approve", "churned", dates[6]),
        decision("Cancels and is refused", "behavior_segment", "reject", None, dates[5], expires=dates[7]),
        decision("Nobody", segment, "approve", "Enterprise", dates[0]),
    ]

"""Deterministic inputs that try to break the pipeline: the same seed and dates give the same rows for ever.

Both functions return (facts, accounts), a dictionary per row, with the columns of the design's section 3 and
a customer_id beside customer_name. Money fits DECIMAL(24,8), and a DOUBLE's shortest decimal form; rounded
row by row it would come to other sums. event_count fits an INT. No row is bad: every key is
there and not blank (a tab is not), every date, money and count is readable.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

Row = dict[str, Any]

# Keys are compared as they are: each of these is a customer of its own.
NAMES = (
    *("O'Brien & Sons", "''", 'The "Quoted" Ltd', '"', "back\\slash", "trailing\\", "\\", "\\n"),
    *("Caf\u00e9", "Cafe\u0301", "Stra\u00dfe", "STRASSE"),
    *("\U0001f600 Emoji", "\uff5e before emoji in UTF-8, after it in UTF-16"),
    *("Trim", " Trim", "Trim ", "  Trim", "\tTrim", "Trim\u00a0", "Tr\u200bim", "case", "Case", "CASE"),
    *("null", "NULL", "None", "NaN", "00017", "17", "a/b", "a\tb", "a,b;c|d", "x" * 300),
    *("%", "_", "{}", ":as_of", "${as_of}", "--"),
)
MONEY = (
    *("10.00", "10.00", "25.00", "99.99", "100.00", "250.50", "0.00", "-10.00", "-35.25"),
    *("0.005", "-0.005", "10.005", "-10.005", "0.0049", "-0.0049", "1.2345", "0.0051", "19.995"),
    *("0.0075", "0.0025", "0.00125", "7.123456", "-0.000001", "0.0000005", "-0.00000049", "3.14159265"),
)
REGIONS = (None, "", "North", "north", "S\u00e3o Paulo", 'Nor"th', "Sud\\Est", "a/b\tc", "null")
BUSINESS_UNITS = (None, "Core", "core", "Labs", "Caf\u00e9", "Cafe\u0301")
PRODUCTS = (None, "Basic", "basic", "Plus", " Plus", "Pro")
REPRESENTATIVES = (None, "Ana", "ana", "Zo\u00eb", "\U0001f600", "\uff5e")
POOL = tuple(f"pool-{number:02d}" for number in range(30))
STATUSES = ("active", "active", "ACTIVE", " Active ", "closed", None)

# Statuses in row order; an account is active if any row says so, without case or what doesn't show.
ACCOUNTS: dict[str, tuple[str | None, ...]] = {
    "open": ("active",),
    "open-too": ("active",),
    "shouted": ("ACTIVE",),
    "padded": (" Active ",),
    "listed twice": ("active", "active"),
    "active then closed": ("active", "closed"),
    "closed then active": ("closed", "aCtIvE"),
    "NULL then active": (None, "active"),
    "closed": ("closed",),
    "closed twice": ("closed", "closed"),
    "NULL status": (None,),
    "blank": ("", " "),
    "tabbed": ("\tactive",),
    "pasted": ("active\u00a0\u200b",),
    "spaced": ("act ive",),
    "inactive": ("inactive",),
}
UNLISTED = (None, "unlisted", "OPEN", "open ", "")


def hostile_inputs(seed: int, as_of: date, customers: int = 60) -> tuple[list[Row], list[Row]]:
    """Return a fixed cast of difficult customers around as_of, among so many random ordinary ones."""
    rng = Random(seed)
    facts = [
        *_window_edges(as_of),
        *_quiet_customers(as_of),
        *_money_cases(as_of),
        *_account_cases(as_of),
        *_attribute_cases(as_of),
        *_tier_and_flag_cases(as_of),
    ]
    for name in NAMES:
        facts += [_fact(name, as_of - timedelta(days=rng.randrange(300))), *_ordinary(rng, name, as_of)]
    facts += _ordinary_customers(rng, as_of, customers)
    return _finished(rng, facts)


def history_inputs(seed: int, dates: Sequence[date], customers: int = 40) -> tuple[list[Row], list[Row]]:
    """Return facts whose snapshots at these dates hold every movement between each date and the next.

    Dates ascend, a month to 11 months apart. What only vanished facts can make is left to the test.
    """
    rng = Random(seed)
    facts = [*_steady(dates)]
    for name in [f"Customer {number:04d}" for number in range(customers)]:
        for day in dates:
            facts += _ordinary(rng, name, day)
    for number, (before, now) in enumerate(pairwise(dates)):
        facts += _movers(number, before, now)
    return _finished(rng, facts)


def _window_edges(as_of: date) -> list[Row]:
    """One customer per edge with that one event, and one with an event before and one inside the window."""
    start, recent = _months_before(as_of, 12), _months_before(as_of, 3)
    days = {
        "as_of": as_of,
        "as_of + 1": as_of + timedelta(days=1),
        "window start": start,
        "window start + 1": start + timedelta(days=1),
        "3 months": recent,
        "3 months + 1": recent + timedelta(days=1),
        "far future": as_of + timedelta(days=400),
        "far past": as_of - timedelta(days=900),
    }
    return [
        *(_fact(f"Edge {label}", day) for label, day in days.items()),
        *(_fact("Edge all", day) for day in days.values()),
        _fact("First event long ago", start - timedelta(days=30), "1000.00"),
        _fact("First event long ago", as_of, "1.00"),
        *(
            _fact("Every month of the window", day)
            for day in [start + timedelta(days=1), *_monthly(as_of, 12)]
        ),
    ]


def _quiet_customers(as_of: date) -> list[Row]:
    """Last events just before, at and after each threshold in days."""
    return [
        _fact(f"Quiet {days} days", as_of - timedelta(days=days + before))
        for days in (59, 60, 61, 89, 90, 91)
        for before in (0, 200)
    ]


def _money_cases(as_of: date) -> list[Row]:
    """Refunds, zeros, halves of a cent, and a margin whose hundredfold in cents exceeds a BIGINT."""
    amounts = {
        "Zero by refund": ("100.00", "-100.00"),
        "Zero in every row": ("0.00", "0.00"),
        "Zero by rounding": ("0.004", "-0.0049"),
        "Refunded beyond": ("100.00", "-250.00"),
        "Half cents up": ("0.005", "0.005"),
        "Half cents down": ("-0.005", "-0.005"),
        "Half cents both": ("10.005", "-0.005"),
        "Half a cent together": ("0.0025", "0.0025"),
        "Half a cent back together": ("-0.0025", "-0.0025"),
        "Just below half a cent": ("0.004", "0.0009994"),
        "Half a cent by rounding the row": ("0.004", "0.0009995"),
        "Nothing by rounding the row": ("0.00000049", "-0.00000049"),
        "Rate at a half": ("200.00", "600.00"),
    }
    margins = {"Refunded beyond": "-80.00", "Zero in every row": "0.00", "Rate at a half": "0.02"}
    return [
        *(
            _fact(name, as_of - timedelta(days=20), revenue, margins.get(name, "1.005"))
            for name, revenues in amounts.items()
            for revenue in revenues
        ),
        _fact("Margin beyond revenue", as_of, "0.01", "950000000000000.00"),
        _fact("Loss", as_of, "75.00", "-75.00"),
        *(_fact("No counts", as_of - timedelta(days=days), event_count=0) for days in (1, 50)),
    ]


def _account_cases(as_of: date) -> list[Row]:
    """One customer per kind of account, one with all of them, and three active only outside the window."""
    kinds = (*ACCOUNTS, *UNLISTED)
    outside = {"old": as_of - timedelta(days=500), "future": as_of + timedelta(days=3)}
    return [
        *(_fact(f"Account {kind!r}", as_of, account_id=kind) for kind in kinds),
        *(_fact("Account of every kind", as_of, "33.33", account_id=kind) for kind in kinds),
        *(_fact(f"Active in the {label} only", day) for label, day in outside.items()),
        *(_fact(f"Active in the {label} only", as_of, account_id="closed") for label in outside),
        *(_fact("Active before and after", day) for day in outside.values()),
    ]


def _attribute_cases(as_of: date) -> list[Row]:
    """Attributes and business units that tie, and customer_ids whose names change."""
    units = {
        "Units tie": (
            ("beta", "50.00"),
            (None, "50.00"),
            ("Zeta", "50.00"),
            ("Alpha", "20.00"),
            ("Zeta", "0.00"),
        ),
        "Units tie with NULL": ((None, "50.00"), ("\U0001f600", "50.00"), ("\uff5e", "50.00")),
        "Units led by NULL": ((None, "30.00"), ("Core", "50.00"), (None, "30.00")),
        "Units all negative": (("Core", "-5.00"), ("Labs", "-3.00"), (None, "-4.00")),
        "Units all NULL": ((None, "5.00"),),
        "Units apart by a part of a cent": (("Core", "0.0011"), ("Labs", "0.00112"), (None, "0.00111")),
        "Units NULL at zero": ((None, "0.00"), ("Core", "-1.00")),
    }
    renamed = (("Old Name", 200), ("Old Name", 40), ("New Name", 5), ("new name", 5), ("Name Between", 90))
    return [
        *(
            _fact(name, as_of, sum_, business_unit=unit)
            for name, rows in units.items()
            for unit, sum_ in rows
        ),
        *(
            _fact("Torn on the last day", as_of, cs_representative=representative, region=region)
            for representative, region in ((None, "south"), ("\U0001f600", None), ("\uff5e", "South"))
        ),
        _fact("NULL on the last day", as_of - timedelta(days=1), product=None),
        _fact("NULL on the last day", as_of, product=None, cs_representative=None, region=None),
        _fact("Alone in its region", as_of, region="Hermitage"),
        *(_fact(name, as_of - timedelta(days=days), customer_id="renamed") for name, days in renamed),
        _fact("Unpadded id", as_of, customer_id="17"),
    ]


def _tier_and_flag_cases(as_of: date) -> list[Row]:
    """The best of each score, both and neither, and each flag with the customers just short of it."""
    months = _monthly(as_of, 12)
    recent = as_of - timedelta(days=10)
    return [
        *_busy("Best of both", months, "900000.00", "500000.00"),
        *_busy("Adherent at a loss", months, "-9.00", "-9.00"),
        _fact("Profitable, one account", recent, "5000000.00", "4000000.00"),
        _fact("Profitable, two accounts", recent, "5000000.00", "4000000.00"),
        _fact("Profitable, two accounts", recent, "5000000.00", "4000000.00", account_id="open-too"),
        *(_fact("Ten months, one product", day) for day in months[:10]),
        *(_fact("Nine months, one product", day) for day in months[:9]),
        *(_fact("Ten months, NULL products", day, product=None) for day in months[:10]),
        *(_fact("Ten months, two products", day, product=f"P{day.month % 2}") for day in months[:10]),
        *(_fact("Ten months, then quiet", day) for day in _monthly(as_of - timedelta(days=70), 10)),
        *(_fact(f"Twin {twin}", day, "12.345", "1.115") for twin in (1, 2, 3) for day in months[1:4]),
        *(_fact("Untroubled", day, "1.00", "0.10", account_id="open-too") for day in (recent, months[7])),
    ]


def _steady(dates: Sequence[date]) -> list[Row]:
    """A customer that is C and REGULAR at every date: always busy, always at a loss."""
    days = sorted({day for as_of in dates for day in _monthly(as_of, 24)})
    return _busy("Steady", days, "-50.00", "-50.00")


def _movers(number: int, before: date, now: date) -> list[Row]:
    """One customer for each thing that can happen between two snapshots; later pairs have bigger money."""
    leaving = _months_before(before, 12) + timedelta(days=1)
    big = str(100_000 * (number + 1))
    return [
        _fact(f"New {number}", now),
        _fact(f"Returned {number}", _months_before(before, 12)),
        _fact(f"Returned {number}", now),
        _fact(f"Silent {number}", leaving, "400.00"),
        _fact(f"Closing {number}", leaving, "300.00"),
        _fact(f"Closing {number}", now, account_id="closed"),
        _fact(f"Riser {number}", before, "1.00", "0.10"),
        _fact(f"Riser {number}", now, big, big),
        _fact(f"Faller {number}", leaving, big, big),
        _fact(f"Faller {number}", before, "1.00", "0.10"),
        _fact(f"Quieter {number}", min(before, now - timedelta(days=60)), "2.00", "0.10"),
        _fact(f"Refunded {number}", before, "500.00"),
        _fact(f"Refunded {number}", now, "-800.00", "-300.00"),
        _fact(f"Zero, then more {number}", before, "0.00", "0.00"),
        _fact(f"Zero, then more {number}", now, "60.00"),
    ]


def _busy(name: str, days: Sequence[date], revenue: str, margin: str) -> list[Row]:
    """A customer of highest adherence; its events exceed an INT when summed."""
    return [
        _fact(
            name,
            day,
            revenue,
            margin,
            event_count=1_500_000_000,
            product=f"Product {number % 8}",
            business_unit=f"Unit {number % 7}",
        )
        for number, day in enumerate(days)
    ]


def _ordinary_customers(rng: Random, as_of: date, customers: int) -> list[Row]:
    """Random customers, every third the exact double of the one before it."""
    facts: list[Row] = []
    latest: list[Row] = []
    for number in range(customers):
        name = f"Customer {number:04d}"
        if number % 3 == 2:
            latest = [{**fact, "customer_name": name} for fact in latest]
        else:
            latest = _ordinary(rng, name, as_of)
        facts += latest
    return facts


def _ordinary(rng: Random, name: str, as_of: date) -> list[Row]:
    """A few random events around the window, of values few enough to tie."""
    return [
        _fact(
            name,
            as_of - timedelta(days=rng.randrange(-20, 420)),
            rng.choice(MONEY),
            rng.choice(MONEY),
            event_count=rng.choice((0, 1, 1, 2, 5)),
            business_unit=rng.choice(BUSINESS_UNITS),
            product=rng.choice(PRODUCTS),
            cs_representative=rng.choice(REPRESENTATIVES),
            region=rng.choice(REGIONS),
            account_id=rng.choice((*POOL, *UNLISTED)),
        )
        for _ in range(rng.randint(1, 12))
    ]


def _fact(
    name: str, day: date, revenue: str = "10.00", margin: str = "4.00", **others: str | int | None
) -> Row:
    """One row of fct_revenues, still without customer_id unless given."""
    return {
        "customer_name": name,
        "business_unit": "Core",
        "product": "Basic",
        "event_date": day,
        "total_revenue": Decimal(revenue),
        "total_gross_margin": Decimal(margin),
        "event_count": 1,
        "cs_representative": "Ana",
        "region": "North",
        "account_id": "open",
        **others,
    }


def _finished(rng: Random, facts: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Give each customer its customer_id, list the accounts, and shuffle both."""
    numbered: list[Row] = []
    ids: dict[str, str] = {}
    for fact in facts:
        customer_id = ids.setdefault(fact["customer_name"], f"{len(ids) + 1:05d}")
        numbered.append({"customer_id": customer_id, **fact})
    listed = [(account_id, status) for account_id, statuses in ACCOUNTS.items() for status in statuses]
    listed += [(account_id, rng.choice(STATUSES)) for account_id in (*POOL, *POOL[::4])]
    listed += [(account_id, "active") for account_id in ("never in a fact", POOL[0])]
    accounts: list[Row] = [{"account_id": account_id, "status": status} for account_id, status in listed]
    accounts += [{"account_id": None, "status": status} for status in ("active", None)]
    rng.shuffle(numbered)
    rng.shuffle(accounts)
    return numbered, accounts


def _monthly(day: date, months: int) -> list[date]:
    """The day itself and the same day of the months before it, so many in all, latest first."""
    return [_months_before(day, number) for number in range(months)]


def _months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or that month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

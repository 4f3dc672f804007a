"""Rows that the rules must set aside, with the reasons why, made from a seed.

Each kind of fault is written down with its reason here, by hand: nothing of the job's rules is used. A row
may have several faults. `note` numbers the rows, so that each can be found again.
"""

from __future__ import annotations

from random import Random
from typing import Any

Row = dict[str, Any]

# By column: what is wrong, as a typed table holds it and as a text file does, and the rule that says so.
FAULTS: dict[str, list[tuple[Any, str, str]]] = {
    "customer_name": [
        (None, "", "customer_key_missing"),
        ("", "", "customer_key_missing"),
        ("   ", "   ", "customer_key_missing"),
    ],
    "event_date": [
        (None, "", "event_date_missing"),
        ("0024-03-01", "0024-03-01", "event_date_absurd"),
        ("1899-12-31", "1899-12-31", "event_date_absurd"),
        ("2200-01-01", "2200-01-01", "event_date_absurd"),
        (None, "soon", "event_date_unreadable"),
        (None, "2024-02-30", "event_date_unreadable"),
        (None, "2024", "event_date_unreadable"),
    ],
    "total_revenue": [
        (None, "", "total_revenue_missing"),
        (float("nan"), "NaN", "total_revenue_unreadable"),
        (float("inf"), "Infinity", "total_revenue_unreadable"),
        (float("-inf"), "-inf", "total_revenue_unreadable"),
        (1e17, "100000000000000000", "total_revenue_unreadable"),
        (-1e300, "-1e300", "total_revenue_unreadable"),
        (float("nan"), "12,50", "total_revenue_unreadable"),
    ],
    "total_gross_margin": [
        (None, "", "total_gross_margin_missing"),
        (float("nan"), "nothing", "total_gross_margin_unreadable"),
        (1e16, "10000000000000000", "total_gross_margin_unreadable"),
    ],
    "event_count": [
        (None, "", "event_count_missing"),
        (-1, "-1", "event_count_negative"),
        (-(2**31), str(-(2**63)), "event_count_negative"),
    ],
}
TEXT_ONLY = {"event_date_unreadable"}  # a DATE column can't hold what is no date


def bad_rows(seed: int, count: int, *, as_text: bool) -> list[tuple[Row, list[str]]]:
    """So many rows, each with the rules that it breaks, in the order of the rules' names."""
    rng = Random(seed)
    made = []
    for number in range(count):
        row: Row = {
            "customer_name": f"customer {number % 7}",
            "event_date": "2024-05-01",
            "total_revenue": 10.0,
            "total_gross_margin": 5.0,
            "event_count": 1,
            "note": f"row {number}",
        }
        reasons = []
        for column in rng.sample(sorted(FAULTS), rng.choice((1, 1, 1, 2, 3))):
            faults = [fault for fault in FAULTS[column] if as_text or fault[2] not in TEXT_ONLY]
            typed, text, reason = rng.choice(faults)
            row[column] = text if as_text else typed
            reasons.append(reason)
        made.append((row, sorted(reasons)))
    return made

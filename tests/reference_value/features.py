"""The measures of each customer before scoring, from its events and its profile."""

from __future__ import annotations

from collections.abc import Iterable
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
from tests.reference.exact import Row, cents, fixed, quotient, rounded
from tests.reference_value.profiles import PROFILE_COLUMNS, customer_profiles
from tests.reference_value.standard import STANDARD, Parameters


def customer_features(
    facts: Iterable[Row],
    accounts: Iterable[Row],
    profiles: Iterable[Row],
    as_of: date,
    parameters: Parameters = STANDARD,
    *,
    customer_key: str = "customer_name",
) -> list[Row]:
    """A row per customer with an event or a profile on or before as_of: the measures before scoring."""
    is_active = account_states(accounts)
    events = events_by_customer(facts, as_of, customer_key)
    known = customer_profiles(profiles, as_of, customer_key)
    rows = []
    for key in sorted(events.keys() | known.keys(), key=str.encode):
        measures = _event_measures(events[key], is_active, as_of, parameters.window_months)
        profile = known.get(key, dict.fromkeys((*PROFILE_COLUMNS, "known_since")))
        if customer_key == "customer_name":
            name = key
        else:
            of_events = latest(events[key], "customer_name") if events[key] else None
            name = profile["customer_name"] if of_events is None else of_events
        rows.append(
            {
                "as_of": as_of,
                "customer_key": key,
                "customer_name": name,
                **measures,
                **_profile_measures(profile, measures, as_of),
            }
        )
    return rows


def _event_measures(events: list[Row], is_active: dict[str, bool], as_of: date, window_months: int) -> Row:
    """The measures of one customer's events, which may be none, or none in the window."""
    window = [event for event in events if event["event_date"] > add_months(as_of, -window_months)]
    revenue, margin = cents(window, "total_revenue"), cents(window, "total_gross_margin")
    total_events = sum(event["event_count"] for event in window)
    active_months = len({(event["event_date"].year, event["event_date"].month) for event in window})
    account_ids = {event["account_id"] for event in window} & is_active.keys()
    active_accounts = sum(is_active[account_id] for account_id in account_ids)
    per_month = Fraction(repr(float(total_events) / active_months)) if active_months else None
    last_event_date = max((event["event_date"] for event in events), default=None)
    recent, earlier = (
        sum(
            event["event_count"]
            for event in window
            if add_months(as_of, -start) < event["event_date"] <= add_months(as_of, -end)
        )
        for start, end in ((3, 0), (6, 3))
    )
    return {
        "cs_representative": latest(window, "cs_representative") if window else None,
        "region": latest(window, "region") if window else None,
        "main_business_unit": main_business_unit(window) if window else None,
        "total_revenue": fixed(revenue, 2),
        "total_gross_margin": fixed(margin, 2),
        "margin_rate_pct": rounded(Fraction(100 * margin, revenue), 2) if revenue else None,
        "total_events": total_events,
        "active_months": active_months,
        "events_per_active_month": None if per_month is None else rounded(per_month, 6),
        "distinct_products": distinct(window, "product"),
        "distinct_business_units": distinct(window, "business_unit"),
        "active_accounts": active_accounts,
        "total_accounts": len(account_ids),
        "revenue_per_active_account": (
            rounded(Fraction(revenue, 100 * active_accounts), 2) if active_accounts else None
        ),
        "first_event_date": min((event["event_date"] for event in events), default=None),
        "last_event_date": last_event_date,
        "days_since_last_event": None if last_event_date is None else (as_of - last_event_date).days,
        "lifetime_revenue": lifetime_revenue(events),
        "recent_events": recent,
        "earlier_events": earlier,
        "events_trend": quotient(recent - earlier, earlier),
    }


def _profile_measures(profile: Row, measures: Row, as_of: date) -> Row:
    """The measures of one customer's profile, which may be all NULL, with what stands in for them."""
    by_revenue = measures["total_revenue"] if measures["active_months"] > 0 else None
    arr, arr_source = given_or(profile["arr"], by_revenue, "revenue")
    if profile["arr"] is None and profile["mrr"] is not None:
        arr, arr_source = 12 * profile["mrr"], "mrr"
    growth, growth_source = given_or(profile["user_growth_rate"], measures["events_trend"], "events")
    renewal_date = profile["renewal_date"]
    return {
        "arr": arr,
        "arr_source": arr_source,
        "contract_years": profile["contract_years"],
        "on_time_payment_rate": profile["on_time_payment_rate"],
        "growth_rate": growth,
        "growth_source": growth_source,
        "seats_used": profile["seats_used"],
        "seats_bought": profile["seats_bought"],
        "seats_used_share": _share(profile["seats_used"], profile["seats_bought"]),
        "use_cases_matched": profile["use_cases_matched"],
        "use_cases_total": profile["use_cases_total"],
        "use_cases_matched_share": _share(profile["use_cases_matched"], profile["use_cases_total"]),
        "brand_rating": profile["brand_rating"],
        "reference_rating": profile["reference_rating"],
        "influence_rating": profile["influence_rating"],
        "nps": profile["nps"],
        "sentiment": profile["sentiment"],
        "given_health_score": profile["health_score"],
        "renewal_date": renewal_date,
        "days_to_renewal": None if renewal_date is None else (renewal_date - as_of).days,
        "cancelled_on": profile["cancelled_on"],
        "delivered_service_level": profile["delivered_service_level"],
        "known_since": profile["known_since"],
    }


def given_or(
    given: Decimal | None, fallback: Decimal | None, source: str
) -> tuple[Decimal | None, str | None]:
    """A value and where it is from: what was given, else what stands in for it."""
    if given is not None:
        return given, "given"
    return fallback, None if fallback is None else source


def _share(part: int | None, whole: int | None) -> Decimal | None:
    """One count over another."""
    return None if part is None or whole is None else quotient(part, whole)

"""The model value_potential_strategic and its segments written a second time, in plain exact Python.

It shares neither code nor method with the pipeline: money is integers of cents, everything else fractions,
rounded half up only where a value is published. NULL is None; the columns model and run_id, which say who
published a row, are left out. What is the same in both models (the window, attributes, the adherence score
that stands in for a missing health score) comes from the reference of profitability_adherence.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from tests import reference
from tests.reference import (
    Row,
    Rules,
    Snapshot,
    _account_states,
    _cents,
    _choice_order,
    _distinct,
    _fixed,
    _json,
    _latest,
    _lifetime_revenue,
    _main_business_unit,
    _quotient,
    _rounded,
    add_months,
)

MONEY = ("arr",)
NUMBERS = (
    "contract_years",
    "on_time_payment_rate",
    "user_growth_rate",
    "brand_rating",
    "reference_rating",
    "influence_rating",
    "nps",
    "health_score",
)
COUNTS = ("seats_used", "seats_bought", "use_cases_matched", "use_cases_total")
PROFILE_COLUMNS = (
    *("customer_name", *MONEY, *NUMBERS, *COUNTS),
    *("renewal_date", "cancelled_on", "valid_from", "delivered_service_level"),
)
AT_RISK, HEALTHY = "At-Risk", "Healthy"
DECLINING, CHURNED = "Declining", "churned"
AXES = ("tier", "value_segment", "behavior_segment", "health_state")

OPERATORS = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True)
class Linear:
    """From 0 at one value to 100 at another, which may be the smaller, and flat beyond them."""

    zero_at: Fraction
    full_at: Fraction

    def scaled(self, value: Fraction) -> Fraction:
        share = (value - self.zero_at) / (self.full_at - self.zero_at)
        return 100 * min(max(share, Fraction(0)), Fraction(1))


@dataclass(frozen=True)
class StepScale:
    """What the highest step reached gives; steps are (at least, scaled), highest first."""

    steps: tuple[tuple[Fraction, Fraction], ...]
    otherwise: Fraction

    def scaled(self, value: Fraction) -> Fraction:
        return next((scaled for at_least, scaled in self.steps if value >= at_least), self.otherwise)


@dataclass(frozen=True)
class Percentile:
    """100 times the share of the peers that have a strictly lower value."""


@dataclass(frozen=True)
class Component:
    """One part of a score; the weight is in basis points."""

    score: str
    metric: str
    weight: int
    scale: Percentile | Linear | StepScale


@dataclass(frozen=True)
class Comparison:
    """A condition on one measure; a measure that is NULL fulfils no comparison."""

    metric: str
    operator: str
    value: Decimal | int | str | None = None

    def holds(self, row: Row) -> bool:
        measured = row[self.metric]
        if self.operator in {"missing", "present"}:
            return (measured is None) == (self.operator == "missing")
        if measured is None:
            return False
        if isinstance(self.value, str):
            return bool(OPERATORS[self.operator](measured, self.value))
        assert self.value is not None
        return bool(OPERATORS[self.operator](Fraction(measured), Fraction(self.value)))


@dataclass(frozen=True)
class Every:
    """Holds when all parts do."""

    parts: tuple[Condition, ...]

    def holds(self, row: Row) -> bool:
        return all(part.holds(row) for part in self.parts)


@dataclass(frozen=True)
class Some:
    """Holds when at least one part does."""

    parts: tuple[Condition, ...]

    def holds(self, row: Row) -> bool:
        return any(part.holds(row) for part in self.parts)


Condition = Comparison | Every | Some


@dataclass(frozen=True)
class Tier:
    """A tier and its condition; the last one has none."""

    tier: str
    name: str
    when: Condition | None = None


@dataclass(frozen=True)
class ValueSegment:
    """A segment by ARR and the document's shares, (low, high) in percent; the last one has no condition."""

    segment: str
    when: Condition | None
    customer_share: tuple[int, int]
    arr_share: tuple[int, int]


@dataclass(frozen=True)
class BehaviorSegment:
    """A segment by behaviour; the last one has no condition."""

    segment: str
    rule: str
    typical_needs: str
    engagement_focus: str
    when: Condition | None = None


@dataclass(frozen=True)
class TierMemory:
    """A held tier is kept while its condition holds; another is taken after so many snapshots in a row."""

    stays_while: Mapping[str, Condition]
    snapshots: int


@dataclass(frozen=True)
class MigrationRule:
    """What is done when an axis changes from one value to another; `any` is every value."""

    axis: str
    rule: str
    from_value: str
    to_value: str
    mode: str
    trigger: str
    action: str

    def matches(self, axis: str, before: str | None, after: str | None) -> bool:
        """A customer without a value before is matched by `any` alone, and on health_state alone."""
        if axis != self.axis or (before is None and axis != "health_state"):
            return False
        return self.from_value in ("any", before) and self.to_value in ("any", after)


def _linear(zero_at: str, full_at: str) -> Linear:
    return Linear(Fraction(zero_at), Fraction(full_at))


CONTRACT_STEPS = StepScale(
    ((Fraction(3), Fraction(100)), (Fraction(2), Fraction(80)), (Fraction(1), Fraction(50))), Fraction(20)
)
COMPONENTS = (
    Component("value", "arr", 5000, Percentile()),
    Component("value", "contract_years", 2500, CONTRACT_STEPS),
    Component("value", "on_time_payment_rate", 2500, _linear("0", "1")),
    Component("potential", "growth_rate", 4000, _linear("-0.2", "0.3")),
    Component("potential", "seats_used_share", 3000, _linear("1", "0.2")),
    Component("potential", "use_cases_matched_share", 3000, _linear("0", "1")),
    Component("strategic", "brand_rating", 3500, _linear("0", "100")),
    Component("strategic", "reference_rating", 3500, _linear("0", "100")),
    Component("strategic", "influence_rating", 3000, _linear("0", "100")),
    Component("total", "value_score", 4000, _linear("0", "100")),
    Component("total", "potential_score", 3500, _linear("0", "100")),
    Component("total", "strategic_score", 2500, _linear("0", "100")),
)
TIERS = (
    Tier("Enterprise", "Tier 1", Comparison("total_score", ">=", 80)),
    Tier("Growth", "Tier 2", Comparison("total_score", ">=", 60)),
    Tier("Scale", "Tier 3", Comparison("total_score", ">=", 40)),
    Tier("Tech-touch", "Tier 4"),
)
CHURN_SIGNALS: tuple[Condition, ...] = (
    Comparison("days_since_last_event", ">=", 60),
    Comparison("events_trend", "<=", Decimal("-0.5")),
    Comparison("health_score", "<", 40),
    Comparison("nps", "<", 0),
    Comparison("cancelled_on", "present"),
    Comparison("on_time_payment_rate", "<", Decimal("0.8")),
)
VALUE_SEGMENTS = (
    ValueSegment("Enterprise", Comparison("arr", ">", 100_000), (5, 10), (40, 50)),
    ValueSegment("Mid-Market", Comparison("arr", ">=", 25_000), (15, 25), (25, 35)),
    ValueSegment("SMB", Comparison("arr", ">=", 5_000), (30, 40), (15, 25)),
    ValueSegment("Starter", None, (30, 40), (5, 10)),
)
_HIGH_USAGE = Comparison("total_events_percentile", ">=", 75)
BEHAVIOR_SEGMENTS = (
    BehaviorSegment(
        "At-Risk",
        "several_churn_signals",
        "Rescue, retention",
        "Save playbooks",
        Comparison("churn_signals", ">=", 2),
    ),
    BehaviorSegment(
        DECLINING,
        "usage_falls",
        "Intervention, value proof",
        "Proactive outreach",
        Comparison("events_trend", "<=", Decimal("-0.2")),
    ),
    BehaviorSegment(
        "Champions",
        "high_usage_nps_and_health",
        "Expansion, recognition",
        "Advocacy programs",
        Every((_HIGH_USAGE, Comparison("nps", ">=", 50), Comparison("health_score", ">=", 60))),
    ),
    BehaviorSegment(
        "Power Users",
        "high_usage_and_breadth",
        "Advanced training",
        "Feature betas",
        Every((_HIGH_USAGE, Comparison("distinct_products", ">=", 3))),
    ),
    BehaviorSegment(
        "Expanding",
        "usage_or_users_grow",
        "Onboarding, enablement",
        "Growth support",
        Some(
            (
                Comparison("events_trend", ">=", Decimal("0.25")),
                Comparison("growth_rate", ">=", Decimal("0.2")),
            )
        ),
    ),
    BehaviorSegment(
        "Light Touch",
        "low_usage",
        "Self-service, cost focus",
        "Digital nurture",
        Comparison("total_events_percentile", "<", 25),
    ),
    BehaviorSegment("Steady State", "otherwise", "Efficiency, stability", "Check-ins, optimization"),
)


DECIDABLE: dict[str, tuple[str, ...]] = {
    "tier": tuple(tier.tier for tier in TIERS),
    "value_segment": tuple(segment.segment for segment in VALUE_SEGMENTS),
    "behavior_segment": tuple(segment.segment for segment in BEHAVIOR_SEGMENTS),
    "health_state": (AT_RISK, HEALTHY),
}


def _value_rule(before: str, after: str, mode: str, trigger: str, action: str) -> MigrationRule:
    name = f"{before}_to_{after}".lower().replace("-", "_")
    return MigrationRule("value_segment", name, before, after, mode, trigger, action)


MIGRATION_RULES = (
    _value_rule("SMB", "Mid-Market", "automatic", "ARR >= 25,000", "Assign CSM"),
    _value_rule("Mid-Market", "Enterprise", "manual", "ARR > 100,000", "Strategic CSM assignment"),
    MigrationRule(
        "health_state", "any_to_at_risk", "any", AT_RISK, "automatic", "Health < 40", "Escalation playbook"
    ),
    MigrationRule(
        "health_state",
        "at_risk_to_healthy",
        AT_RISK,
        HEALTHY,
        "automatic",
        "Health > 60 for 60 days",
        "Return to normal model",
    ),
    MigrationRule(
        "behavior_segment",
        "declining_to_churned",
        DECLINING,
        CHURNED,
        "manual",
        "Cancellation",
        "Win-back eligibility",
    ),
    _value_rule("Starter", "SMB", "automatic", "ARR >= 5,000", "Welcome to SMB"),
    _value_rule("Starter", "Mid-Market", "automatic", "ARR >= 25,000", "Welcome to Mid-Market"),
    _value_rule("Starter", "Enterprise", "manual", "ARR > 100,000", "Strategic CSM assignment"),
    _value_rule("SMB", "Enterprise", "manual", "ARR > 100,000", "Strategic CSM assignment"),
    _value_rule("Enterprise", "any", "manual", "ARR <= 100,000", "Review before downgrade"),
    _value_rule("Mid-Market", "any", "automatic", "ARR < 25,000", "Hand over to scaled team"),
    _value_rule("SMB", "Starter", "automatic", "ARR < 5,000", "Move to tech-touch"),
)


@dataclass(frozen=True)
class Parameters:
    """What the model's file holds; the scores are in order, one of scores after those it weighs."""

    window_months: int = 12
    components: tuple[Component, ...] = COMPONENTS
    min_coverage: Decimal = Decimal("0.5")
    ranked: tuple[str, ...] = ("total_events",)
    tiers: tuple[Tier, ...] = TIERS
    churn_signals: tuple[Condition, ...] = CHURN_SIGNALS
    fallback_rules: Rules = reference.STANDARD
    value_segments: tuple[ValueSegment, ...] = VALUE_SEGMENTS
    behavior_segments: tuple[BehaviorSegment, ...] = BEHAVIOR_SEGMENTS
    at_risk_below: int = 40
    healthy_above: int = 60
    healthy_after_days: int = 60
    tier_memory: TierMemory | None = None
    migration_rules: tuple[MigrationRule, ...] = MIGRATION_RULES

    @property
    def scores(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(component.score for component in self.components))

    def of_score(self, score: str) -> list[Component]:
        return [component for component in self.components if component.score == score]


@dataclass(frozen=True)
class Segments:
    """What the axes publish for one as_of."""

    as_of: date
    customer_segments: list[Row]
    migration_actions: list[Row]


STANDARD = Parameters()


def snapshot(
    facts: Iterable[Row],
    accounts: Iterable[Row],
    profiles: Iterable[Row],
    as_of: date,
    parameters: Parameters = STANDARD,
    *,
    customer_key: str = "customer_name",
) -> Snapshot:
    """Score every customer with an event or a profile on or before as_of, or say why not."""
    facts, accounts = list(facts), list(accounts)
    adherence = {
        row["customer_key"]: row["adherence_score"]
        for row in reference.snapshot(
            facts, accounts, as_of, parameters.fallback_rules, customer_key
        ).customer_tiers
    }
    scored, excluded = [], []
    for row in customer_features(facts, accounts, profiles, as_of, parameters, customer_key=customer_key):
        row["coverage"] = _coverage(row, parameters)
        reason = _exclusion(row, parameters)
        if reason is None:
            scored.append({**row, **_health(row, adherence.get(row["customer_key"]))})
        else:
            names = ("as_of", "customer_key", "customer_name", "last_event_date", "lifetime_revenue")
            excluded.append({**{name: row[name] for name in names}, "reason": reason})
    _rank(scored, parameters)
    for row in scored:
        _score(row, parameters)
        row["churn_signals"] = sum(signal.holds(row) for signal in parameters.churn_signals)
        tier = _first_that_holds(parameters.tiers, row)
        row["tier"], row["tier_name"] = tier.tier, tier.name
    return Snapshot(as_of, scored, excluded)


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
    is_active = _account_states(accounts)
    events: dict[str, list[Row]] = defaultdict(list)
    for fact in facts:
        if fact["event_date"] <= as_of:
            events[fact[customer_key]].append(fact)
    known = customer_profiles(profiles, as_of, customer_key)
    rows = []
    for key in sorted(events.keys() | known.keys(), key=str.encode):
        measures = _event_measures(events[key], is_active, as_of, parameters.window_months)
        profile = known.get(key, dict.fromkeys((*PROFILE_COLUMNS, "known_since")))
        if customer_key == "customer_name":
            name = key
        else:
            of_events = _latest(events[key], "customer_name") if events[key] else None
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


def segments(
    history: Iterable[Snapshot], decisions: Iterable[Row], parameters: Parameters = STANDARD
) -> list[Segments]:
    """Fold the snapshots, in order of date, into the states of each customer and the actions they ask for.

    Decisions have customer_key, axis, decision, value, decided_by, reason, valid_from, expires and
    recorded_at.
    """
    decisions = list(decisions)
    published: list[Segments] = []
    states: dict[str, _State] = {}
    for current in sorted(history, key=lambda each: each.as_of):
        scored = {row["customer_key"]: row for row in current.customer_tiers}
        excluded = {row["customer_key"]: row for row in current.excluded_customers}
        in_force = decisions_in_force(decisions, current.as_of)
        rows, actions = [], []
        for key in sorted(scored.keys() | states.keys(), key=str.encode):
            turn = _Turn(
                key, current.as_of, scored.get(key), excluded.get(key), states.get(key, _State()), in_force
            )
            states[key], row, fired = _advanced(turn, parameters)
            rows.append(row)
            actions += fired
        published.append(Segments(current.as_of, rows, actions))
    return published


def decisions_in_force(decisions: Iterable[Row], as_of: date) -> dict[tuple[str, str], Row]:
    """The one decision that counts at as_of for each customer and axis."""
    winners: dict[tuple[str, str], Row] = {}
    for decision in decisions:
        if not can_have_an_effect(decision) or decision["valid_from"] > as_of:
            continue
        if decision["expires"] is not None and decision["expires"] <= as_of:
            continue
        place = (decision["customer_key"], decision["axis"])
        if place not in winners or _precedes(decision, winners[place]):
            winners[place] = decision
    return winners


def can_have_an_effect(decision: Row) -> bool:
    """Whether the decision names something of the model, and why and how long if it is an override."""
    what, value, expires = decision["decision"], decision["value"], decision["expires"]
    if expires is not None and expires <= decision["valid_from"]:
        return False
    if what == "override":
        reason = decision["reason"] or ""
        known = value in DECIDABLE.get(decision["axis"], ())
        return known and reason.strip(" ") != "" and expires is not None
    waiting = {"value_segment": DECIDABLE["value_segment"], "behavior_segment": ("churned",)}
    names = waiting.get(decision["axis"], ())
    return bool(names) and (value in names or (what == "reject" and value is None))


def _precedes(one: Row, other: Row) -> bool:
    """Latest valid_from, then latest recorded_at, then smallest decision, then smallest value."""
    for column in ("valid_from", "recorded_at"):
        if one[column] != other[column]:
            return bool(one[column] > other[column])
    return [_choice_order(one[name]) for name in ("decision", "value")] < [
        _choice_order(other[name]) for name in ("decision", "value")
    ]


def _read(given: Row) -> Row:
    """A profile's row as it is read: money in cents, numbers with 6 decimals, absent columns NULL."""
    profile: Row = {name: given.get(name) for name in PROFILE_COLUMNS}
    for names, places in ((MONEY, 2), (NUMBERS, 6)):
        for name in names:
            if profile[name] is not None:
                profile[name] = _rounded(Fraction(profile[name]), places)
    return profile


def _is_usable(profile: Row) -> bool:
    """Whether the row is kept: negative ARR and negative counts are quarantined."""
    return all(profile[name] is None or profile[name] >= 0 for name in (*MONEY, *COUNTS))


def _profile_order(profile: Row) -> bytes:
    """The row as the text of a JSON object, NULLs kept, which decides among rows of one date."""
    return "{{{}}}".format(
        ",".join(f"{_json(name)}:{_json(profile[name])}" for name in PROFILE_COLUMNS)
    ).encode()


def _event_measures(events: list[Row], is_active: dict[str, bool], as_of: date, window_months: int) -> Row:
    """The measures of one customer's events, which may be none, or none in the window."""
    window = [event for event in events if event["event_date"] > add_months(as_of, -window_months)]
    revenue, margin = _cents(window, "total_revenue"), _cents(window, "total_gross_margin")
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
        "cs_representative": _latest(window, "cs_representative") if window else None,
        "region": _latest(window, "region") if window else None,
        "main_business_unit": _main_business_unit(window) if window else None,
        "total_revenue": _fixed(revenue, 2),
        "total_gross_margin": _fixed(margin, 2),
        "margin_rate_pct": _rounded(Fraction(100 * margin, revenue), 2) if revenue else None,
        "total_events": total_events,
        "active_months": active_months,
        "events_per_active_month": None if per_month is None else _rounded(per_month, 6),
        "distinct_products": _distinct(window, "product"),
        "distinct_business_units": _distinct(window, "business_unit"),
        "active_accounts": active_accounts,
        "total_accounts": len(account_ids),
        "revenue_per_active_account": (
            _rounded(Fraction(revenue, 100 * active_accounts), 2) if active_accounts else None
        ),
        "first_event_date": min((event["event_date"] for event in events), default=None),
        "last_event_date": last_event_date,
        "days_since_last_event": None if last_event_date is None else (as_of - last_event_date).days,
        "lifetime_revenue": _lifetime_revenue(events),
        "recent_events": recent,
        "earlier_events": earlier,
        "events_trend": _quotient(recent - earlier, earlier),
    }


def _profile_measures(profile: Row, measures: Row, as_of: date) -> Row:
    """The measures of one customer's profile, which may be all NULL, with what stands in for them."""
    by_revenue = measures["total_revenue"] if measures["active_months"] > 0 else None
    arr, arr_source = _given_or(profile["arr"], by_revenue, "revenue")
    growth, growth_source = _given_or(profile["user_growth_rate"], measures["events_trend"], "events")
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
        "given_health_score": profile["health_score"],
        "renewal_date": renewal_date,
        "days_to_renewal": None if renewal_date is None else (renewal_date - as_of).days,
        "cancelled_on": profile["cancelled_on"],
        "delivered_service_level": profile["delivered_service_level"],
        "known_since": profile["known_since"],
    }


def _given_or(
    given: Decimal | None, fallback: Decimal | None, source: str
) -> tuple[Decimal | None, str | None]:
    """A value and where it is from: what was given, else what stands in for it."""
    if given is not None:
        return given, "given"
    return fallback, None if fallback is None else source


def _share(part: int | None, whole: int | None) -> Decimal | None:
    """One count over another."""
    return None if part is None or whole is None else _quotient(part, whole)


def _coverage(row: Row, parameters: Parameters) -> Decimal:
    """The share of the last score's weight that was measured, through the scores it weighs."""
    measured: dict[str, Fraction] = {}
    for score in parameters.scores:
        measured[f"{score}_score"] = sum(
            (
                Fraction(component.weight, 10_000)
                * (
                    measured[component.metric]
                    if component.metric in measured
                    else Fraction(row[component.metric] is not None)
                )
                for component in parameters.of_score(score)
            ),
            start=Fraction(0),
        )
    return _rounded(measured[f"{parameters.scores[-1]}_score"], 8)


def _exclusion(row: Row, parameters: Parameters) -> str | None:
    """Why a customer is not scored."""
    if row["active_months"] == 0 and row["arr"] is None:
        return "no_data"
    if row["cancelled_on"] is not None and row["cancelled_on"] <= row["as_of"]:
        return "cancelled"
    return "low_coverage" if row["coverage"] < parameters.min_coverage else None


def _health(row: Row, adherence: Decimal | None) -> Row:
    """The health score, given or the adherence score of the other model."""
    health, source = _given_or(row["given_health_score"], adherence, "adherence")
    return {"health_score": health, "health_source": source}


def _rank(rows: list[Row], parameters: Parameters) -> None:
    """Add peers, and what lies below in each ranked metric; NULL ranks lowest."""
    metrics = [c.metric for c in parameters.components if isinstance(c.scale, Percentile)]
    for row in rows:
        row["peer_group"] = "{}"
        row["peers"] = len(rows)
    for metric in (*metrics, *parameters.ranked):
        values = sorted(Fraction(row[metric]) for row in rows if row[metric] is not None)
        missing = len(rows) - len(values)
        for row in rows:
            known = row[metric] is not None
            row[f"{metric}_below"] = missing + bisect_left(values, Fraction(row[metric])) if known else 0
    for metric in parameters.ranked:
        for row in rows:
            row[f"{metric}_percentile"] = _rounded(100 * _percent_rank(row, metric), 6)


def _percent_rank(row: Row, metric: str) -> Fraction:
    """The share of the other peers that are below; 0 for a single peer."""
    return Fraction(row[f"{metric}_below"], row["peers"] - 1) if row["peers"] > 1 else Fraction(0)


def _score(row: Row, parameters: Parameters) -> None:
    """Add points and scores: the weight of what is missing is shared in proportion."""
    for score in parameters.scores:
        components = parameters.of_score(score)
        present = sum(c.weight for c in components if row[c.metric] is not None)
        for component in components:
            points = None
            if row[component.metric] is not None:
                points = _rounded(component.weight * _scaled(row, component) / present, 6)
            row[f"{component.metric}_points"] = points
        row[f"{score}_score"] = (
            sum(
                (row[f"{c.metric}_points"] for c in components if row[f"{c.metric}_points"] is not None),
                start=Decimal("0.000000"),
            )
            if present
            else None
        )


def _scaled(row: Row, component: Component) -> Fraction:
    """A component's value brought to 0..100."""
    if isinstance(component.scale, Percentile):
        return 100 * _percent_rank(row, component.metric)
    return component.scale.scaled(Fraction(row[component.metric]))


def _first_that_holds(choices: Sequence[Any], row: Row) -> Any:
    """The first choice whose condition holds, else the last."""
    return next((choice for choice in choices if choice.when and choice.when.holds(row)), choices[-1])


@dataclass(frozen=True)
class _State:
    """What is carried of a customer from one snapshot to the next.

    Held values are NULL, and streaks and open changes gone, where the customer was not scored; the health
    state stays. `assigned` has the published values of the axes.
    """

    customer_name: str | None = None
    is_scored: bool = False
    health_state: str | None = None
    above_since: date | None = None
    held_tier: str | None = None
    candidate_tier: str | None = None
    tier_streak: int = 0
    held_value_segment: str | None = None
    pending_value_segment: str | None = None
    pending_since: date | None = None
    behavior_segment: str | None = None
    winback_since: date | None = None
    assigned: Mapping[str, str | None] = field(default_factory=lambda: dict.fromkeys(AXES))


@dataclass(frozen=True)
class _Turn:
    """One customer at one snapshot: what it is now, what it was, what was decided."""

    key: str
    as_of: date
    scored: Row | None
    excluded: Row | None
    before: _State
    in_force: Mapping[tuple[str, str], Row]

    @property
    def customer_name(self) -> str | None:
        present = self.scored or self.excluded
        return present["customer_name"] if present else self.before.customer_name

    def decision(self, axis: str) -> Row | None:
        return self.in_force.get((self.key, axis))

    def assigned(self, axis: str, held: str | None) -> str | None:
        """The value of an override in force, else the held one."""
        decision = self.decision(axis)
        return decision["value"] if decision and decision["decision"] == "override" else held

    def review(self, axis: str, value: str) -> tuple[str, Row | None]:
        """The status of a change that waits for a decision, and the decision that settled it."""
        decision = self.decision(axis)
        if decision and decision["decision"] == "approve" and decision["value"] == value:
            return "approved", decision
        if decision and decision["decision"] == "reject":
            return "rejected", decision
        return "pending", None

    def action(
        self,
        rule: MigrationRule,
        change: tuple[str | None, str],
        status: str,
        pending_since: date | None = None,
        decision: Row | None = None,
    ) -> Row:
        """A row of migration_actions."""
        return {
            "as_of": self.as_of,
            "customer_key": self.key,
            "customer_name": self.customer_name,
            "axis": rule.axis,
            "rule": rule.rule,
            "from_value": change[0],
            "to_value": change[1],
            "trigger": rule.trigger,
            "mode": rule.mode,
            "action": rule.action,
            "status": status,
            "pending_since": pending_since,
            "decided_by": decision["decided_by"] if decision else None,
            "decision_reason": decision["reason"] if decision else None,
        }


def _advanced(turn: _Turn, parameters: Parameters) -> tuple[_State, Row, list[Row]]:
    """A customer's next state, its row of customer_segments, and the actions that its changes ask for."""
    return _of_scored(turn, turn.scored, parameters) if turn.scored else _of_absent(turn, parameters)


def _of_scored(turn: _Turn, row: Row, parameters: Parameters) -> tuple[_State, Row, list[Row]]:
    """The next state of a customer that is scored."""
    before = turn.before
    health_state, above_since = _health_state(turn, row["health_score"], parameters)
    held_tier, candidate_tier, tier_streak = _held_tier(turn, row, parameters)
    segment = _first_that_holds(parameters.value_segments, row).segment
    held_segment, status, since, reviewed = _held_value_segment(turn, segment, parameters)
    behavior = _first_that_holds(parameters.behavior_segments, row)
    computed = dict(zip(AXES, (row["tier"], segment, behavior.segment, health_state), strict=True))
    held = dict(zip(AXES, (held_tier, held_segment, behavior.segment, health_state), strict=True))
    is_open = status in {"pending", "rejected"}
    state = _State(
        customer_name=turn.customer_name,
        is_scored=True,
        health_state=health_state,
        above_since=above_since,
        held_tier=held_tier,
        candidate_tier=candidate_tier,
        tier_streak=tier_streak,
        held_value_segment=held_segment,
        pending_value_segment=segment if is_open else None,
        pending_since=since if is_open else None,
        behavior_segment=behavior.segment,
        assigned={axis: turn.assigned(axis, value) for axis, value in held.items()},
    )
    was = {
        "tier": before.held_tier,
        "health_state": before.health_state,
        "behavior_segment": before.behavior_segment,
    }
    actions = list(reviewed)
    for axis, value_before in was.items():
        value = held[axis]
        rule = _matching(parameters, axis, value_before, value)
        if rule and rule.mode == "automatic" and value is not None:
            actions.append(turn.action(rule, (value_before, value), "done"))
    assigned = state.assigned["behavior_segment"]
    needs = next((rule for rule in parameters.behavior_segments if rule.segment == assigned), None)
    return state, _segment_row(turn, state, computed, behavior.rule, needs, status=status), actions


def _of_absent(turn: _Turn, parameters: Parameters) -> tuple[_State, Row, list[Row]]:
    """The next state of a customer that was scored once but isn't now: only its health is remembered."""
    winback_since, actions = _winback(turn, parameters)
    computed = {**dict.fromkeys(AXES), "health_state": turn.before.health_state}
    state = _State(
        customer_name=turn.customer_name,
        health_state=turn.before.health_state,
        winback_since=winback_since,
        assigned=computed,
    )
    return state, _segment_row(turn, state, computed, None, None, status=None), actions


def _segment_row(
    turn: _Turn,
    state: _State,
    computed: Mapping[str, str | None],
    behavior_rule: str | None,
    needs: BehaviorSegment | None,
    *,
    status: str | None,
) -> Row:
    """A row of customer_segments."""
    axes: Row = {}
    for axis in AXES:
        axes[f"computed_{axis}"] = computed[axis]
        axes[axis] = state.assigned[axis]
    return {
        "as_of": turn.as_of,
        "customer_key": turn.key,
        "customer_name": state.customer_name,
        "is_scored": state.is_scored,
        **axes,
        "behavior_rule": behavior_rule,
        "typical_needs": needs.typical_needs if needs else None,
        "engagement_focus": needs.engagement_focus if needs else None,
        "above_since": state.above_since,
        "held_tier": state.held_tier,
        "candidate_tier": state.candidate_tier,
        "tier_streak": state.tier_streak,
        "held_value_segment": state.held_value_segment,
        "value_segment_status": status,
        "pending_value_segment": state.pending_value_segment,
        "pending_since": state.pending_since,
    }


def _health_state(
    turn: _Turn, health: Decimal | None, parameters: Parameters
) -> tuple[str | None, date | None]:
    """The health state, and since when it has been above while At-Risk."""
    state = turn.before.health_state
    if health is not None and health < parameters.at_risk_below:
        return AT_RISK, None
    if state != AT_RISK:
        return (state if health is None else HEALTHY), None
    if health is None or health <= parameters.healthy_above:
        return AT_RISK, None
    above_since = turn.before.above_since or turn.as_of
    recovered = (turn.as_of - above_since).days >= parameters.healthy_after_days
    return (HEALTHY, None) if recovered else (AT_RISK, above_since)


def _held_tier(turn: _Turn, row: Row, parameters: Parameters) -> tuple[str, str, int]:
    """The held tier, the one that would follow it, and for how many snapshots it has been the candidate."""
    computed: str = row["tier"]
    held, memory = turn.before.held_tier, parameters.tier_memory
    if memory is None or held is None or not turn.before.is_scored:
        return computed, computed, 0
    order = [tier.tier for tier in parameters.tiers]
    stays = memory.stays_while.get(held)
    candidate = computed
    if held in order and order.index(computed) > order.index(held) and stays and stays.holds(row):
        candidate = held
    if candidate == held:
        return held, candidate, 0
    streak = turn.before.tier_streak + 1 if turn.before.candidate_tier == candidate else 1
    return (candidate, candidate, 0) if streak >= memory.snapshots else (held, candidate, streak)


def _held_value_segment(
    turn: _Turn, computed: str, parameters: Parameters
) -> tuple[str, str | None, date | None, list[Row]]:
    """The held segment, the status of a change, since when that has been open, and its actions."""
    held = turn.before.held_value_segment
    if held is None or held == computed:
        return computed, None, None, []
    rule = _matching(parameters, "value_segment", held, computed)
    if rule is None:
        return computed, None, None, []
    if rule.mode == "automatic":
        return computed, "done", None, [turn.action(rule, (held, computed), "done")]
    waited = turn.before.pending_since if turn.before.pending_value_segment == computed else None
    since = waited or turn.as_of
    status, decision = turn.review("value_segment", computed)
    action = turn.action(rule, (held, computed), status, since, decision)
    return (computed if status == "approved" else held), status, since, [action]


def _winback(turn: _Turn, parameters: Parameters) -> tuple[date | None, list[Row]]:
    """Since when a cancelled customer that was Declining waits for a decision, and the action."""
    rule = _matching(parameters, "behavior_segment", DECLINING, CHURNED)
    is_cancelled = turn.excluded is not None and turn.excluded["reason"] == "cancelled"
    was_declining = turn.before.is_scored and turn.before.assigned["behavior_segment"] == DECLINING
    # Whatever becomes of a customer who was cancelled, the question stays until it is answered.
    waits = turn.before.winback_since is not None
    if rule is None or turn.scored is not None or not (waits or (is_cancelled and was_declining)):
        return None, []
    if rule.mode == "automatic":
        return None, [turn.action(rule, (DECLINING, CHURNED), "done")]
    since = turn.before.winback_since or turn.as_of
    status, decision = turn.review("behavior_segment", CHURNED)
    action = turn.action(rule, (DECLINING, CHURNED), status, since, decision)
    return (None if status == "approved" else since), [action]


def _matching(
    parameters: Parameters, axis: str, before: str | None, after: str | None
) -> MigrationRule | None:
    """The first rule for a change of an axis; None where nothing changes."""
    if before == after:
        return None
    return next((rule for rule in parameters.migration_rules if rule.matches(axis, before, after)), None)

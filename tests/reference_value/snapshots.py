"""Scores, tiers and exclusions for one as_of."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.reference.exact import Row, rounded
from tests.reference.snapshots import Snapshot
from tests.reference.snapshots import snapshot as adherence_snapshot
from tests.reference_value.conditions import first_that_holds
from tests.reference_value.features import customer_features, given_or
from tests.reference_value.model import Component, Percentile
from tests.reference_value.standard import STANDARD, Parameters


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
        for row in adherence_snapshot(
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
        tier = first_that_holds(parameters.tiers, row)
        row["tier"], row["tier_name"] = tier.tier, tier.name
    return Snapshot(as_of, scored, excluded)


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
    return rounded(measured[f"{parameters.scores[-1]}_score"], 8)


def _exclusion(row: Row, parameters: Parameters) -> str | None:
    """Why a customer is not scored."""
    if row["cancelled_on"] is not None and row["cancelled_on"] <= row["as_of"]:
        return "cancelled"
    if row["active_months"] == 0 and row["arr"] is None:
        return "no_data"
    return "low_coverage" if row["coverage"] < parameters.min_coverage else None


def _health(row: Row, adherence: Decimal | None) -> Row:
    """The health score, given or the adherence score of the other model."""
    health, source = given_or(row["given_health_score"], adherence, "adherence")
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
            row[f"{metric}_percentile"] = rounded(100 * _percent_rank(row, metric), 6)


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
                points = rounded(component.weight * _scaled(row, component) / present, 6)
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

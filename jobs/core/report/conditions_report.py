"""How many of a snapshot's customers each condition of its model takes, and how high its scores can get."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.conditions import Condition
from jobs.core.config.model import ScoringModel
from jobs.core.pipeline import expressions
from jobs.core.report.model_report import Finding, digits

CONDITIONS = "Conditions against the data"


def conditions_findings(model: ScoringModel, tiers: DataFrame, as_of: date) -> list[Finding]:
    """What the rows of customer_tiers of one snapshot tell, read once.

    Conditions on columns that the snapshot doesn't have yet are left out.
    """
    rules = _rules(model, set(tiers.columns))
    columns = {"customers": F.count(F.lit(1)), **_reached(model, set(tiers.columns))}
    for what, of_kind in rules.items():
        earlier: list[Column] = []
        for name, when in of_kind.items():
            holds = expressions.condition(when, model, as_of)
            columns[f"{what} {name}"] = F.count_if(holds)
            columns[f"{what} {name}, earlier"] = F.count_if(
                holds & reduce(Column.__or__, earlier, F.lit(False))
            )
            earlier.append(holds)
    found = tiers.agg(*(column.alias(name) for name, column in columns.items())).collect()[0].asDict()
    if not found["customers"]:
        return []
    return [*_taken(rules, found), *_within_reach(model, found)]


def _rules(model: ScoringModel, there: set[str]) -> dict[str, dict[str, Condition]]:
    """The conditions of each kind, in the order in which the first that holds counts."""
    rules: dict[str, list[tuple[str, Condition | None]]] = {
        "tier": [(rule.tier, rule.when) for rule in model.tiers],
        "flag": [(rule.flag, rule.when) for rule in model.flags],
    }
    if model.segments is not None:
        rules["value segment"] = [(rule.segment, rule.when) for rule in model.segments.value]
        rules["behavior segment"] = [(rule.segment, rule.when) for rule in model.segments.behavior]
    return {
        what: {
            name: when
            for name, when in of_kind
            if when is not None and there >= {each.metric for each in when.comparisons()}
        }
        for what, of_kind in rules.items()
    }


def _taken(rules: Mapping[str, Mapping[str, Condition]], found: Mapping[str, Any]) -> Iterator[Finding]:
    customers = found["customers"]
    for what, of_kind in rules.items():
        for name in of_kind:
            holds, earlier = found[f"{what} {name}"], found[f"{what} {name}, earlier"]
            detail = f"{holds:,} of {customers:,} customers meet it, {earlier:,} of them an earlier one too"
            nobody = holds == earlier
            yield Finding(CONDITIONS, f"{what} {name}", "look" if nobody else "ok", detail)


def _reached(model: ScoringModel, there: set[str]) -> dict[str, Column]:
    """The most points that anybody has of each component, where those of a score have no shared weights."""
    if model.missing != "lowest":
        return {}
    points = [f"{component.metric}_points" for component in model.components]
    return {name: F.max(name) for name in points if name in there}


def _within_reach(model: ScoringModel, found: Mapping[str, Any]) -> Iterator[Finding]:
    """The score of who leads in each component: ties at the top, and at the bottom, keep it below 100."""
    limits: dict[str, Decimal] = {}
    for rule in model.tiers:
        for each in rule.when.comparisons() if rule.when else ():
            limit = each.limit(model.thresholds)
            if each.metric in model.score_columns and isinstance(limit, Decimal):
                limits[each.metric] = max(limit, limits.get(each.metric, limit))
    for score, column in zip(model.scores, model.score_columns, strict=True):
        points = [found.get(f"{component.metric}_points") for component in model.components_of(score)]
        known = [each for each in points if each is not None]
        if points and len(known) == len(points):
            highest = sum(known, Decimal(0))
            detail = f"with the ties found nobody can have more than {digits(highest)}"
            below = highest < limits.get(column, Decimal(0))
            yield Finding(CONDITIONS, f"{score} score within reach", "look" if below else "ok", detail)

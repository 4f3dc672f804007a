"""What varies with the model, as DataFrame expressions: points, conditions, tiers and flags."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.model import FULL_WEIGHT, Component, Condition, ScoringModel

MICRO = 1_000_000  # points are whole millionths until they are published
ONE_MICRO = Decimal("0.000001")
POINTS = "decimal(9,6)"
_MICRO_POINTS_AT_FULL_SCALE = 100 * MICRO // FULL_WEIGHT  # of one basis point of weight


def condition(rule: Condition, model: ScoringModel, as_of: date) -> Column:
    """A condition as a BOOLEAN column; a measure that is NULL fulfils no comparison."""
    if rule.metric is None:
        joined = [condition(part, model, as_of) for part in rule.all + rule.any]
        return reduce(Column.__and__ if rule.all else Column.__or__, joined)
    left = F.col(rule.metric)
    if rule.months_before_as_of is not None:
        right = F.add_months(F.lit(as_of), -rule.months_before_as_of)
    else:
        right = F.lit(model.thresholds[rule.threshold] if rule.threshold else rule.value)
    comparison = {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[rule.operator or "="]
    return F.coalesce(comparison, F.lit(False))


def exclusion_reason(model: ScoringModel, as_of: date) -> Column:
    """The reason of the first exclusion that holds; NULL for a customer to be scored."""
    reasons = [F.when(condition(rule.when, model, as_of), rule.reason) for rule in model.exclusions]
    return F.coalesce(*reasons, F.lit(None).cast("string"))


def peer_group(model: ScoringModel) -> Column:
    """The JSON object of the peer group's columns; NULL is a value like others."""
    # An empty struct would do for {}, but not every reader of plans takes one.
    if not model.peer_group:
        return F.lit("{}")
    return F.to_json(F.struct(*model.peer_group), {"ignoreNullFields": "false"})


def micro_points(component: Component) -> Column:
    """`weight * 100 * percentile` in whole millionths, rounded half up (BIGINT), all in integers.

    A single peer has percentile 0: no points, or all of them when lower is better.
    """
    others = F.col("peers").cast("bigint") - 1
    below = F.col(f"{component.metric}_below").cast("bigint")
    lower_is_better = component.direction == "lower_is_better"
    at_full_scale = F.lit(_MICRO_POINTS_AT_FULL_SCALE * component.weight_bp).cast("bigint")
    counted = others - below if lower_is_better else below
    half = F.call_function("div", others, F.lit(2))
    rounded = F.call_function("div", at_full_scale * counted + half, others)
    single = at_full_scale if lower_is_better else F.lit(0).cast("bigint")
    return F.when(others > 0, rounded).otherwise(single).alias(f"{component.metric}_points")


def micro_score(model: ScoringModel, score: str) -> Column:
    """A score in whole millionths: the exact sum of its components' points (BIGINT)."""
    points = [F.col(f"{component.metric}_points") for component in model.components_of(score)]
    return reduce(Column.__add__, points).alias(f"{score}_score")


def published_points(name: str) -> Column:
    """Millionths as the DECIMAL(9,6) that is published, exactly."""
    # A product: a quotient of decimals takes three times as long.
    return (F.col(name).cast("decimal(18,0)") * ONE_MICRO).cast(POINTS).alias(name)


def tier(model: ScoringModel, as_of: date) -> list[Column]:
    """`tier` and `tier_name`: the first tier whose condition holds, else the last."""

    def first(values: Sequence[str]) -> Column:
        held = [
            F.when(condition(t.when, model, as_of), v)
            for t, v in zip(model.tiers, values, strict=True)
            if t.when
        ]
        return F.coalesce(*held, F.lit(values[-1]))

    return [
        first([rule.tier for rule in model.tiers]).alias("tier"),
        first([rule.name for rule in model.tiers]).alias("tier_name"),
    ]


def action_flags(model: ScoringModel, as_of: date) -> Column:
    """`action_flags`: all flags that hold, in order of priority, or the fallback alone."""

    def entry(position: int) -> Column:
        flag = model.flags[position]
        return F.struct(
            F.lit(flag.flag).alias("flag"), F.lit(flag.recommended_action).alias("recommended_action")
        )

    held = F.array_compact(
        F.array(
            *(
                F.when(condition(flag.when, model, as_of), entry(position))
                for position, flag in enumerate(model.flags)
                if flag.when
            )
        )
    )
    fallback = F.array(entry(-1))
    return F.when(F.size(held) > 0, held).otherwise(fallback).alias("action_flags")


def mean_score(column: str) -> Column:
    """The mean of a score over a group, rounded half up to 6 decimals."""
    # The division keeps 25 decimals of a sum of at most 13 digits: far from any tie it could cross.
    return F.round(F.sum(column) / F.count(column), 6).cast(POINTS).alias(f"mean_{column}")

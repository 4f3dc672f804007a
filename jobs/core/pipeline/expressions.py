"""What varies with the model, as DataFrame expressions: points, conditions, tiers and flags."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import reduce
from math import gcd

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.components import FULL_WEIGHT, Component
from jobs.core.config.conditions import Condition, Rule
from jobs.core.config.model import COVERAGE, ScoringModel
from jobs.core.config.scales import Linear, StepScale
from jobs.core.runtime.names import function_name

MICRO = 1_000_000  # points are whole millionths until they are published
ONE_MICRO = Decimal("0.000001")
POINTS = "decimal(9,6)"
_MICRO_POINTS_AT_FULL_SCALE = 100 * MICRO // FULL_WEIGHT  # of one basis point of weight


def condition(rule: Condition, model: ScoringModel, as_of: date | Column) -> Column:
    """A condition as a BOOLEAN column; a measure that is NULL fulfils no comparison."""
    if rule.metric is None:
        joined = [condition(part, model, as_of) for part in rule.all + rule.any]
        return reduce(Column.__and__ if rule.all else Column.__or__, joined)
    left = coverage(model) if rule.metric == COVERAGE else F.col(rule.metric)
    if rule.operator in {"missing", "present"}:
        return left.isNull() if rule.operator == "missing" else left.isNotNull()
    if rule.months_before_as_of is not None:
        right = F.add_months(F.lit(as_of), -rule.months_before_as_of)
    else:
        right = F.lit(rule.limit(model.thresholds))
    comparison = {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[rule.operator or "="]
    return F.coalesce(comparison, F.lit(False))


def exclusion_reason(model: ScoringModel, as_of: date | Column) -> Column:
    """The reason of the first exclusion that holds; NULL for a customer to be scored."""
    reasons = [F.when(condition(rule.when, model, as_of), rule.reason) for rule in model.exclusions]
    return F.coalesce(*reasons, F.lit(None).cast("string"))


def peer_group(model: ScoringModel) -> Column:
    """The JSON object of the peer group's columns; NULL is a value like others."""
    # An empty struct would do for {}, but not every reader of plans takes one.
    if not model.peer_group:
        return F.lit("{}")
    return F.to_json(F.struct(*model.peer_group), {"ignoreNullFields": "false"})


def coverage(model: ScoringModel) -> Column:
    """The share of the overall score's weight whose measures are there, DECIMAL(9,8)."""
    scores = dict(zip(model.score_columns, model.scores, strict=True))
    measured = [
        F.when(F.col(part.metric).isNotNull(), weight * part.weight).otherwise(F.lit(Decimal(0)))
        for component in model.components_of(model.overall)
        for weight, parts in [
            (component.weight, model.components_of(scores[component.metric]))
            if component.metric in scores
            else (Decimal(1), (component,))
        ]
        for part in parts
    ]
    return reduce(Column.__add__, measured).cast("decimal(9,8)")


def micro_points(component: Component, model: ScoringModel) -> Column:
    """`weight * scaled` in whole millionths, rounded half up (BIGINT).

    NULL of a missing measure whose weight is shared. `scores` in sql/reference/customer_tiers.sql shows why
    `percent_rank()` as it is won't do.
    """
    if model.missing == "lowest":
        return _points_of_percentile(component).alias(f"{component.metric}_points")
    part, whole, largest = _scaled(component, model)
    # Weights in their largest common unit keep the product in BIGINT, several times faster than decimals.
    unit = gcd(*(each.weight_bp for each in model.components_of(component.score)))
    weight, present = component.weight_bp // unit, _present_weight(model, component.score, unit)
    fits = 2 * 100 * MICRO * weight * largest + largest * FULL_WEIGHT // unit < 2**63
    division, kind = ("divide_whole_half_up", "bigint") if fits else ("divide_half_up", "decimal(38,0)")
    at_full_scale = F.lit(Decimal(100 * MICRO * weight)).cast(kind)
    points = F.call_function(function_name(division), at_full_scale * part, whole.cast(kind) * present).cast(
        "bigint"
    )
    return F.when(F.col(component.metric).isNotNull(), points).alias(f"{component.metric}_points")


def _scaled(component: Component, model: ScoringModel) -> tuple[Column, Column, int]:
    """The value on its scale: 0 at part = 0, 100 at part = whole (BIGINT), and the most that whole can be."""
    scale, column = component.scale, F.col(component.metric)
    if isinstance(scale, StepScale):
        height = F.lit(int(scale.otherwise * MICRO))
        for step in reversed(scale.steps):
            height = F.when(column >= step.at_least, int(step.scaled * MICRO)).otherwise(height)
        return height.cast("bigint"), _bigint(100 * MICRO), 100 * MICRO
    if isinstance(scale, Linear):
        low, high = sorted((scale.zero_at, scale.full_at))
        if component.metric in model.score_columns:  # in millionths already
            clamped = F.greatest(F.least(column, _bigint(high * MICRO)), _bigint(low * MICRO))
        else:
            clamped = F.greatest(F.least(column, F.lit(high)), F.lit(low)).cast("decimal(18,6)")
            clamped = (clamped * MICRO).cast("bigint")
        length = int((high - low) * MICRO)
        zero = _bigint(scale.zero_at * MICRO)
        return (clamped - zero if scale.full_at > scale.zero_at else zero - clamped), _bigint(length), length
    others, counted, lower_is_better = _counted(component)
    part = F.when(others > 0, counted).otherwise(_bigint(1 if lower_is_better else 0))
    return part, F.greatest(others, _bigint(1)), 2**31


def _counted(component: Component) -> tuple[Column, Column, bool]:
    """The other peers, those of them that count for the customer, and whether lower is better."""
    others = F.col("peers").cast("bigint") - 1
    below = F.col(f"{component.metric}_below").cast("bigint")
    lower_is_better = component.direction == "lower_is_better"
    return others, others - below if lower_is_better else below, lower_is_better


def _bigint(number: Decimal | int) -> Column:
    return F.lit(int(number)).cast("bigint")


def _present_weight(model: ScoringModel, score: str, unit: int = 1) -> Column:
    """The weight of a score's components that are measured, in so many basis points; NULL if none is."""
    weights = [
        F.when(F.col(component.metric).isNotNull(), _bigint(component.weight_bp // unit)).otherwise(
            _bigint(0)
        )
        for component in model.components_of(score)
    ]
    return F.nullif(reduce(Column.__add__, weights), _bigint(0))


def _points_of_percentile(component: Component) -> Column:
    """All in BIGINT: a single peer has percentile 0, no points, or all of them when lower is better."""
    others, counted, lower_is_better = _counted(component)
    at_full_scale = _bigint(_MICRO_POINTS_AT_FULL_SCALE * component.weight_bp)
    half = F.call_function("div", others, F.lit(2))
    rounded = F.call_function("div", at_full_scale * counted + half, others)
    single = at_full_scale if lower_is_better else _bigint(0)
    return F.when(others > 0, rounded).otherwise(single)


def micro_score(model: ScoringModel, score: str) -> Column:
    """A score in whole millionths: the exact sum of its components' points (BIGINT); NULL without any."""
    points = [F.col(f"{component.metric}_points") for component in model.components_of(score)]
    if model.missing == "shared":
        points = [F.coalesce(each, F.lit(0)) for each in points]
        there = _present_weight(model, score).isNotNull()
        return F.when(there, reduce(Column.__add__, points)).alias(f"{score}_score")
    return reduce(Column.__add__, points).alias(f"{score}_score")


def micro_percentile(metric: str) -> Column:
    """`100 * below / (peers - 1)` in whole millionths, rounded half up (BIGINT); 0 for a single peer."""
    others = F.col("peers").cast("bigint") - 1
    twice = F.lit(200 * MICRO).cast("bigint") * F.col(f"{metric}_below") + others
    rounded = F.call_function("div", twice, 2 * others)
    return F.when(others > 0, rounded).otherwise(F.lit(0)).alias(f"{metric}_percentile")


def count_of(conditions: Sequence[Condition], model: ScoringModel, as_of: date) -> Column:
    """How many of the conditions hold (INT)."""
    return reduce(Column.__add__, [condition(each, model, as_of).cast("int") for each in conditions])


def published_points(name: str) -> Column:
    """Millionths as the DECIMAL(9,6) that is published, exactly."""
    # A product: a quotient of decimals takes 2.6 times as long.
    return (F.col(name).cast("decimal(18,0)") * ONE_MICRO).cast(POINTS).alias(name)


def tier(model: ScoringModel, as_of: date) -> list[Column]:
    """`tier` and `tier_name`: the first tier whose condition holds, else the last."""
    tiers = {"tier": model.tier_names, "tier_name": [rule.name for rule in model.tiers]}
    return [first_that_holds(model.tiers, values, model, as_of).alias(name) for name, values in tiers.items()]


def first_that_holds(
    rules: Sequence[Rule], values: Sequence[str], model: ScoringModel, as_of: date
) -> Column:
    """The value of the first rule whose condition holds, else that of the last."""
    matching = [
        F.when(condition(rule.when, model, as_of), value)
        for rule, value in zip(rules, values, strict=True)
        if rule.when
    ]
    return F.coalesce(*matching, F.lit(values[-1]))


def action_flags(model: ScoringModel, as_of: date) -> Column:
    """`action_flags`: all flags that hold, in order of priority, or the fallback alone."""

    def entry(position: int) -> Column:
        flag = model.flags[position]
        return F.struct(
            F.lit(flag.flag).alias("flag"), F.lit(flag.recommended_action).alias("recommended_action")
        )

    matching = F.array_compact(
        F.array(
            *(
                F.when(condition(flag.when, model, as_of), entry(position))
                for position, flag in enumerate(model.flags)
                if flag.when
            )
        )
    )
    fallback = F.array(entry(-1))
    return F.when(F.size(matching) > 0, matching).otherwise(fallback).alias("action_flags")


def health(source_of_fallback: str) -> list[Column]:
    """`health_score` and `health_source`: as given, else `fallback_score`, the named one of another model."""
    given, fallback = F.col("given_health_score"), F.col("fallback_score")
    source = F.when(given.isNotNull(), "given").when(fallback.isNotNull(), source_of_fallback)
    return [
        F.coalesce(given, fallback).cast("decimal(18,6)").alias("health_score"),
        source.alias("health_source"),
    ]


def mean_score(column: str) -> Column:
    """The mean of a score over a group, rounded half up to 6 decimals."""
    # The division keeps 25 decimals of a sum of at most 13 digits: far from any tie it could cross.
    return F.round(F.sum(column) / F.count(column), 6).cast(POINTS).alias(f"mean_{column}")

"""From features to tiers: who is scored, ranks, points, scores, tiers and flags of one model."""

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import DoubleType

from jobs.core.config.model import COVERAGE, ScoringModel
from jobs.core.pipeline import expressions, ranking
from jobs.core.pipeline.features import AUDIT, ROW_ID
from jobs.core.runtime.literals import literal_rows


@dataclass(frozen=True)
class Size:
    """How many customers are ranked, and up to how many a single task ranks them."""

    customers: int
    plain_up_to: int


@dataclass(frozen=True)
class Fallback:
    """The score of another model that stands in for health where that isn't given."""

    model: ScoringModel
    score: str
    size: Size


def assessed_customers(customer_features: DataFrame, model: ScoringModel, as_of: date) -> DataFrame:
    """The features with the model's `exclusion_reason`; NULL for those to be scored."""
    reason = expressions.exclusion_reason(model, as_of).alias("exclusion_reason")
    return customer_features.drop(*AUDIT).select("*", reason)


def _scored(customers: DataFrame, model: ScoringModel, size: Size) -> DataFrame:
    """Adds `peer_group`, `peers`, and the ranks, points and scores of a model, in whole millionths."""
    # Ranking is a step of its own: what follows needs `peers` and the `_below` columns, however made.
    grouped = customers.select("*", expressions.peer_group(model).alias("peer_group"))
    one_group = None if model.peer_group else size.customers
    scores = ranking.ranked(grouped, ROW_ID, model.ranked_metrics, size.plain_up_to, one_group=one_group)
    for level in model.levels:
        components = [component for score in level for component in model.components_of(score)]
        points = scores.select("*", *(expressions.micro_points(each, model) for each in components))
        scores = points.select("*", *(expressions.micro_score(model, score) for score in level))
    return scores


def fallback_scores(customer_features: DataFrame, fallback: Fallback, as_of: date) -> DataFrame:
    """One row per customer that the other model scores: the row's id and `fallback_score`."""
    scored = customer_features.where(expressions.exclusion_reason(fallback.model, as_of).isNull())
    published = expressions.published_points(f"{fallback.score}_score").alias("fallback_score")
    return _scored(scored, fallback.model.only(fallback.score), fallback.size).select(ROW_ID, published)


def scores(
    scored_customers: DataFrame,
    model: ScoringModel,
    size: Size,
    fallback: Fallback | None = None,
    fallback_scores: DataFrame | None = None,
) -> DataFrame:
    """One row per customer to be scored: measures, ranks; points, percentiles and scores in millionths."""
    scored = _scored(scored_customers, model, size)
    scored = scored.select("*", *(expressions.micro_percentile(metric) for metric in model.ranked))
    if fallback is None or fallback_scores is None:
        return scored
    joined = scored.join(fallback_scores, on=ROW_ID, how="left")
    return joined.select(*scored.columns, *expressions.health(fallback.score))


def customer_tiers(scores: DataFrame, model: ScoringModel, as_of: date) -> DataFrame:
    """One row per scored customer, as published."""
    in_micro_points = [
        *(f"{component.metric}_points" for component in model.components),
        *model.score_columns,
        *(f"{metric}_percentile" for metric in model.ranked),
    ]
    published = scores.select(
        # Quotients are published with 6 decimals; tiers and flags go by what is published.
        *(
            F.col(field.name).cast("decimal(18,6)").alias(field.name)
            if field.dataType == DoubleType()
            else F.col(field.name)
            for field in scores.schema
            if field.name not in [*in_micro_points, ROW_ID]
        ),
        *(expressions.published_points(name) for name in in_micro_points),
        *([expressions.coverage(model).alias(COVERAGE)] if model.missing == "shared" else []),
    )
    counts = [expressions.count_of(c, model, as_of).alias(name) for name, c in model.counts.items()]
    published = published.select("*", *counts)
    tiered = published.select("*", *expressions.tier(model, as_of), expressions.action_flags(model, as_of))
    return tiered.withColumn("action_flag", F.col("action_flags")[0]["flag"])


def model_components(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per component of the model."""
    rows = [
        (c.score, c.metric, c.weight, c.direction, "percentile" if c.scale is None else str(c.scale))
        for c in model.components
    ]
    types = dict.fromkeys(("score", "metric", "weight", "direction", "scale"), "string")
    types["weight"] = "decimal(5,4)"
    return literal_rows(spark, types, rows)

"""The pipeline: which step follows which, from the sources to the published tables' rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import DoubleType

from jobs.core.config.model import COVERAGE, TOTAL, ScoringModel
from jobs.core.pipeline import codes, expressions, ranking
from jobs.core.pipeline.steps import Steps, literal_rows
from jobs.core.sources.money import Units

ROW_ID = "row_id"  # of one writing of customer_features; nothing published holds it
# What checks are made of, and no measures of a customer.
AUDIT = (
    *("event_rows", "unknown_accounts", "conflicting_accounts"),
    *("unrounded_total_revenue", "unrounded_total_gross_margin", "unrounded_lifetime_revenue"),
)


def customer_features(
    steps: Steps,
    sources: Mapping[str, DataFrame],
    units: Units,
    *,
    key_is_name: bool,
    only_planned: bool = False,
) -> DataFrame:
    """One row per customer seen on or before as_of: every measure.

    Args:
        steps: where the values are bound.
        sources: the usable rows of fct_revenues, dim_accounts and, if there are profiles, dim_customers.
        units: in which the facts are added up.
        key_is_name: the customer's key is its name; otherwise the name is an attribute beside it.
        only_planned: the rows won't be read, so the texts of the facts needn't be either.
    """
    for name, frame in sources.items():
        steps.view(name, units.counted(frame) if name == "fct_revenues" else frame)
    steps.bind(money_unit=units.unit)
    window_events = steps.sql("activity", "events", "window_events")
    texts = codes.NO_TEXTS if only_planned else codes.read_texts(steps.sql("activity", "distinct_texts"))
    steps.bind(products_are_coded=codes.products_are_coded(texts))
    steps.view("coded_events", codes.coded_events(window_events, texts))
    for column in ("business_unit", "cs_representative", "region"):
        steps.view(f"{column}_texts", texts[column].dictionary(window_events))
    steps.sql("activity", "customer_accounts", "customer_products", "activity_rows")
    steps.sql("activity", "customer_units", "customer_activity")
    features = steps.sql("features", "customer_features")
    if key_is_name:
        named = features.withColumn("customer_name", F.col("customer_key"))
    else:
        named = features.join(steps.sql("features", "customer_names"), on="customer_key")
    customers = named.select("customer_key", "customer_name", *features.columns[1:])
    if "dim_customers" not in sources:
        return customers
    steps.view("active_customers", customers)
    return steps.sql("features", "customer_profiles", "profiled_customers")


def assessed_customers(steps: Steps, features: DataFrame, model: ScoringModel, as_of: date) -> DataFrame:
    """The features of one date with the model's `exclusion_reason`; NULL for those to be scored."""
    reason = expressions.exclusion_reason(model, as_of).alias("exclusion_reason")
    return steps.view("assessed_customers", features.drop(*AUDIT).select("*", reason))


@dataclass(frozen=True)
class Size:
    """How many customers are ranked, and up to how many a single task ranks them."""

    customers: int
    plain_up_to: int


def _scores(scored: DataFrame, model: ScoringModel, size: Size) -> DataFrame:
    """Adds `peer_group`, `peers`, and the ranks, points and scores of a model, in whole millionths."""
    # Ranking is a step of its own: what follows needs `peers` and the `_below` columns, however made.
    grouped = scored.select("*", expressions.peer_group(model).alias("peer_group"))
    one_group = None if model.peer_group else size.customers
    scores = ranking.ranked(grouped, ROW_ID, model.ranked_metrics, size.plain_up_to, one_group=one_group)
    for level in model.levels:
        components = [component for score in level for component in model.components_of(score)]
        points = scores.select("*", *(expressions.micro_points(each, model) for each in components))
        scores = points.select("*", *(expressions.micro_score(model, score) for score in level))
    return scores


def other_score(features: DataFrame, model: ScoringModel, score: str, as_of: date, size: Size) -> DataFrame:
    """One row per customer that a model scores: the row id and one of its scores, as `fallback_score`."""
    scored = features.where(expressions.exclusion_reason(model, as_of).isNull())
    published = expressions.published_points(f"{score}_score").alias("fallback_score")
    return _scores(scored, model.only(score), size).select(ROW_ID, published)


def customer_tiers(
    steps: Steps,
    model: ScoringModel,
    as_of: date,
    size: Size,
    fallback_score: DataFrame | None = None,
) -> DataFrame:
    """One row per scored customer, as published. Reads assessed_customers.

    Args:
        steps: where assessed_customers is a view.
        model: to score with.
        as_of: the date.
        size: of the base to be scored.
        fallback_score: other_score of the model that health falls back to, if the model has health.
    """
    scores = _scores(steps.sql("tiers", "scored_customers"), model, size)
    scores = scores.select("*", *(expressions.micro_percentile(metric) for metric in model.ranked))
    if model.health is not None and fallback_score is not None:
        joined = scores.join(fallback_score, on=ROW_ID, how="left")
        scores = joined.select(*scores.columns, *expressions.health(model.health.fallback_score))
    steps.view("scores", scores)

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
    return steps.view("customer_tiers", tiered.withColumn("action_flag", F.col("action_flags")[0]["flag"]))


def model_components(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per component of the model."""
    rows = [
        (c.score, c.metric, c.weight, c.direction, "percentile" if c.scale is None else str(c.scale))
        for c in model.components
    ]
    types = dict.fromkeys(("score", "metric", "weight", "direction", "scale"), "string")
    types["weight"] = "decimal(5,4)"
    return literal_rows(spark, types, rows)


def migration(
    steps: Steps, current: DataFrame, excluded: DataFrame, previous: DataFrame, model: ScoringModel
) -> dict[str, DataFrame]:
    """What changed since the previous snapshot, and the summary of this one.

    Args:
        steps: its values hold `previous_as_of` (None without a previous snapshot) and `list_unchanged`.
        current: customer_tiers of this snapshot, as published.
        excluded: excluded_customers of this snapshot, as published.
        previous: customer_tiers of the previous snapshot, as published; of no row if there is none.
        model: whose tiers and scores they are.

    Returns:
        The rows of tier_migration, tier_migration_summary and tier_summary.
    """
    spark = current.sparkSession
    # Compared where both sides have ARR: else all of it would seem to be new.
    steps.bind(has_arr="arr" in current.columns and "arr" in previous.columns)
    tiers = [(tier.tier, tier.name, position) for position, tier in enumerate(model.tiers)]
    types = {"tier": "string", "tier_name": "string", "tier_position": "int"}
    steps.view("model_tiers", literal_rows(spark, types, tiers))
    for view, snapshot, side in (
        ("previous_snapshot", previous, "from"),
        ("current_snapshot", current, "to"),
    ):
        there = set(snapshot.columns)
        scores = [
            (F.col(name) if name in there else F.lit(None).cast(expressions.POINTS)).alias(f"{side}_{name}")
            for name in model.score_columns
        ]
        narrow = [
            "customer_key",
            "customer_name",
            "tier",
            "action_flag",
            "total_revenue",
            "total_gross_margin",
            "first_event_date",
        ]
        profiled = [
            (F.col(name) if name in there else F.lit(None)).cast(kind).alias(name)
            for name, kind in (("arr", "decimal(18,2)"), ("health_score", "decimal(18,6)"))
        ]
        steps.view(view, snapshot.select(*narrow, *profiled, F.struct(*scores).alias(f"{side}_scores")))
    steps.view("current_excluded", excluded)
    mean_scores = current.rollup("tier").agg(
        F.when(F.grouping("tier") == 1, TOTAL).otherwise(F.col("tier")).alias("summarised_tier"),
        *(expressions.mean_score(name) for name in model.score_columns),
    )
    steps.view("tier_mean_scores", mean_scores.drop("tier").withColumnRenamed("summarised_tier", "tier"))

    steps.sql("migration", "movements")
    moved = {name: steps.sql("migration", name) for name in ("tier_migration", "tier_migration_summary")}
    steps.bind(has_arr="arr" in current.columns)
    return {**moved, "tier_summary": _tier_summary(steps)}


def _tier_summary(steps: Steps) -> DataFrame:
    steps.sql("migration", "tier_retention")
    return steps.sql("summary", "tier_totals", "tier_summary")

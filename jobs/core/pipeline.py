"""The pipeline: which step follows which, from the sources to the published tables' rows."""

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import DoubleType

from jobs.core import codes, expressions, ranking
from jobs.core.model import TOTAL, ScoringModel
from jobs.core.steps import Steps, literal_rows

ROW_ID = "row_id"  # of one writing of customer_features; nothing published holds it
# What checks are made of, and no measures of a customer.
AUDIT = ("event_rows", "unknown_accounts", "conflicting_accounts")


def customer_features(steps: Steps, *, key_is_name: bool, only_planned: bool = False) -> DataFrame:
    """One row per customer seen on or before as_of: every measure. Reads fct_revenues, dim_accounts.

    Args:
        steps: where the sources are views, and the values are bound.
        key_is_name: the customer's key is its name; otherwise the name is an attribute beside it.
        only_planned: the rows won't be read, so the texts of the facts needn't be either.
    """
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
        return features.select(
            "customer_key", F.col("customer_key").alias("customer_name"), *features.columns[1:]
        )
    named = features.join(steps.sql("features", "customer_names"), on="customer_key")
    return named.select("customer_key", "customer_name", *features.columns[1:])


def assessed_customers(steps: Steps, features: DataFrame, model: ScoringModel, as_of: date) -> DataFrame:
    """The features of one date with the model's `exclusion_reason`; NULL for those to be scored."""
    reason = expressions.exclusion_reason(model, as_of).alias("exclusion_reason")
    return steps.view("assessed_customers", features.drop(*AUDIT).select("*", reason))


def customer_tiers(
    steps: Steps, model: ScoringModel, as_of: date, *, customers: int, plain_up_to: int
) -> DataFrame:
    """One row per scored customer, as published. Reads assessed_customers.

    Args:
        steps: where assessed_customers is a view.
        model: to score with.
        as_of: the date.
        customers: to be scored.
        plain_up_to: the largest peer group that a single task ranks.
    """
    scored = steps.sql("tiers", "scored_customers")
    # Ranking is a step of its own: what follows needs `peers` and the `_below` columns, however made.
    grouped = scored.select("*", expressions.peer_group(model).alias("peer_group"))
    metrics = [component.metric for component in model.components]
    ranks = steps.view(
        "ranks",
        ranking.ranked(
            grouped, ROW_ID, metrics, plain_up_to, one_group=None if model.peer_group else customers
        ),
    )
    points = ranks.select("*", *(expressions.micro_points(component) for component in model.components))
    scores = steps.view(
        "scores", points.select("*", *(expressions.micro_score(model, s) for s in model.scores))
    )

    in_micro_points = [f"{component.metric}_points" for component in model.components] + list(
        model.score_columns
    )
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
    )
    tiered = published.select("*", *expressions.tier(model, as_of), expressions.action_flags(model, as_of))
    return steps.view("customer_tiers", tiered.withColumn("action_flag", F.col("action_flags")[0]["flag"]))


def model_components(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per component of the model."""
    rows = [(c.score, c.metric, c.weight, c.direction) for c in model.components]
    types = {"score": "string", "metric": "string", "weight": "decimal(5,4)", "direction": "string"}
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
        steps.view(view, snapshot.select(*narrow, F.struct(*scores).alias(f"{side}_scores")))
    steps.view("current_excluded", excluded)
    mean_scores = current.rollup("tier").agg(
        F.when(F.grouping("tier") == 1, TOTAL).otherwise(F.col("tier")).alias("summarised_tier"),
        *(expressions.mean_score(name) for name in model.score_columns),
    )
    steps.view("tier_mean_scores", mean_scores.drop("tier").withColumnRenamed("summarised_tier", "tier"))

    steps.sql("migration", "movements")
    return {
        "tier_migration": steps.sql("migration", "tier_migration"),
        "tier_migration_summary": steps.sql("migration", "tier_migration_summary"),
        "tier_summary": _tier_summary(steps),
    }


def _tier_summary(steps: Steps) -> DataFrame:
    steps.sql("migration", "tier_retention")
    return steps.sql("summary", "tier_totals", "tier_summary")

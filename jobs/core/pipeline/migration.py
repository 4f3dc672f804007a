"""What is compared of two snapshots, and how their tiers, scores and ARR are told."""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import TOTAL, ScoringModel
from jobs.core.pipeline import expressions
from jobs.core.runtime.literals import literal_rows

_COMPARED = (
    *("customer_key", "customer_name", "tier", "action_flag"),
    *("total_revenue", "total_gross_margin", "first_event_date"),
)
_OF_PROFILES = {"arr": "decimal(18,2)", "health_score": "decimal(18,6)"}


def assigned_tiers(customer_segments: DataFrame) -> DataFrame:
    """The scored customers with their tiers as segments assign them, in the columns of customer_tiers."""
    return customer_segments.where("is_scored").withColumnRenamed("first_seen_date", "first_event_date")


def current_tiers(customer_tiers: DataFrame, customer_segments: DataFrame | None = None) -> DataFrame:
    """One row per scored customer, with its tier as assigned where the model has segments."""
    return customer_tiers if customer_segments is None else assigned_tiers(customer_segments)


def current_snapshot(current_tiers: DataFrame, model: ScoringModel) -> DataFrame:
    """One row per customer scored now: what is compared, scores as `to_<score>_score`."""
    return _side(current_tiers, model, "to")


def previous_snapshot(
    current_tiers: DataFrame, model: ScoringModel, previous_tiers: DataFrame | None = None
) -> DataFrame:
    """One row per customer scored before, if any was; scores as `from_<score>_score`."""
    before = current_tiers.limit(0) if previous_tiers is None else previous_tiers
    return _side(before, model, "from")


def _side(tiers: DataFrame, model: ScoringModel, side: str) -> DataFrame:
    def there(name: str, kind: str) -> Column:
        column = F.col(name) if name in tiers.columns else F.lit(None)
        return column.cast(kind).alias(name)

    scores = [there(name, expressions.POINTS).alias(f"{side}_{name}") for name in model.score_columns]
    profiled = [there(name, kind) for name, kind in _OF_PROFILES.items()]
    return tiers.select(*_COMPARED, *profiled, F.struct(*scores).alias(f"{side}_scores"))


def has_arr(current_tiers: DataFrame) -> bool:
    """Whether customers have ARR now."""
    return "arr" in current_tiers.columns


def compares_arr(current_tiers: DataFrame, previous_tiers: DataFrame | None = None) -> bool:
    """Whether both sides have ARR: else all of it would seem to be new."""
    return has_arr(current_tiers) and (previous_tiers is None or has_arr(previous_tiers))


def retains_arr(compares_arr: bool, model: ScoringModel) -> bool:
    """Whether retention is that of ARR: of a model that scores it."""
    return compares_arr and model.scores_arr


def movement_totals(movement_sums: DataFrame) -> DataFrame:
    """The rows of movement_sums, of which there is one per movement and pair of tiers, read once."""
    types = {field.name: field.dataType.simpleString() for field in movement_sums.schema}
    rows = [tuple(row) for row in movement_sums.collect()]
    return literal_rows(movement_sums.sparkSession, types, rows)


def model_tiers(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per tier of the model, in its order."""
    tiers = [(tier.tier, tier.name, position) for position, tier in enumerate(model.tiers)]
    return literal_rows(spark, {"tier": "string", "tier_name": "string", "tier_position": "int"}, tiers)


def tier_mean_scores(current_tiers: DataFrame, model: ScoringModel) -> DataFrame:
    """One row per tier with customers, and one for all: the mean of each score."""
    means = current_tiers.rollup("tier").agg(
        F.when(F.grouping("tier") == 1, TOTAL).otherwise(F.col("tier")).alias("summarised_tier"),
        *(expressions.mean_score(name) for name in model.score_columns),
    )
    return means.drop("tier").withColumnRenamed("summarised_tier", "tier")

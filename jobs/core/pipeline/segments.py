"""What the SQL of the segments reads of a model: what measures say of each axis, rules, levels and needs."""

from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.decision_input import DECISIONS, REJECT, values_by_axis
from jobs.core.config.model import ScoringModel
from jobs.core.config.segmentation import Segmentation
from jobs.core.config.table_registry import types_of
from jobs.core.config.triggers import trigger
from jobs.core.pipeline import expressions
from jobs.core.runtime.literals import literal_rows

# What a snapshot remembers of the one before it: columns of customer_segments.
_REMEMBERED = (
    "customer_key",
    "customer_name",
    "is_scored",
    "held_tier",
    "candidate_tier",
    "tier_streak",
    "held_value_segment",
    "pending_value_segment",
    "pending_since",
    "computed_behavior_segment",
    "behavior_segment",
    "computed_health_state",
    "above_since",
    "left_segment",
    "left_since",
    "last_behavior_segment",
)
_MEASURES = (
    "health_score",
    "delivered_service_level",
    "cs_representative",
    "action_flag",
    "total_revenue",
    "total_gross_margin",
    "lifetime_revenue",
    "arr",
)
_RULES = dict.fromkeys(("axis", "from_value", "to_value", "rule", "trigger", "mode", "action"), "string")


def computed_segments(customer_tiers: DataFrame, model: ScoringModel, as_of: date) -> DataFrame:
    """One row per scored customer: what its measures alone say of each axis."""
    segmentation = model.segmentation
    value = [rule.segment for rule in segmentation.value]
    columns = {
        "computed_tier": F.col("tier"),
        "computed_value_segment": expressions.first_that_holds(segmentation.value, value, model, as_of),
        **{
            name: expressions.first_that_holds(
                segmentation.behavior, [getattr(rule, field) for rule in segmentation.behavior], model, as_of
            )
            for name, field in (("computed_behavior_segment", "segment"), ("behavior_rule", "rule"))
        },
        "staying_tiers": _staying_tiers(model, segmentation, as_of),
        "quadrant": _quadrant(model, segmentation, as_of),
        "risk_level": expressions.first_that_holds(
            segmentation.risk, [rule.level for rule in segmentation.risk], model, as_of
        ),
        "first_seen_date": F.coalesce("first_event_date", "known_since"),
        "scores": F.struct(*model.score_columns),
    }
    return customer_tiers.select(
        "customer_key",
        "customer_name",
        *(column.alias(name) for name, column in columns.items()),
        *_MEASURES,
    )


def remembered_segments(spark: SparkSession, previous_segments: DataFrame | None = None) -> DataFrame:
    """What a snapshot remembers of the one before it; no row without one."""
    types = types_of("customer_segments")
    if previous_segments is None:
        return literal_rows(spark, {name: types[name] for name in _REMEMBERED}, [])
    # Those of an earlier version lack what it didn't remember.
    there = set(previous_segments.columns)
    return previous_segments.select(
        *(F.col(name) if name in there else F.lit(None).cast(types[name]).alias(name) for name in _REMEMBERED)
    )


def segment_rules(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per axis and change of it: the migration rule that fires."""
    rules = [
        (
            axis,
            start,
            end,
            rule.rule,
            rule.trigger or trigger(model, axis, start, end),
            rule.mode,
            rule.action,
        )
        for (axis, start, end), rule in model.segmentation.rules_by_change(model.tier_names).items()
    ]
    return literal_rows(spark, _RULES, rules)


def known_decisions(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per axis, kind of decision and value that it can name; NULL where a rejection names none."""
    known = [
        (axis, decision, value)
        for decision in DECISIONS
        for axis, values in values_by_axis(model, decision).items()
        for value in (*values, *((None,) if decision == REJECT else ()))
    ]
    return literal_rows(spark, dict.fromkeys(("axis", "decision", "value"), "string"), known)


def service_levels(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per service level, in the model's order."""
    levels = [(level.service_level, at) for at, level in enumerate(model.segmentation.service_levels)]
    return literal_rows(spark, {"service_level": "string", "level_position": "int"}, levels)


def segment_levels(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per value segment: the service level it is due."""
    position = {level.service_level: at for at, level in enumerate(model.segmentation.service_levels)}
    due = [(s.segment, s.service_level, position[s.service_level]) for s in model.segmentation.value]
    types = {"value_segment": "string", "service_level": "string", "level_position": "int"}
    return literal_rows(spark, types, due)


def segment_needs(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per behavioural segment: what its customers need."""
    needs = [
        (rule.segment, rule.typical_needs, rule.engagement_focus) for rule in model.segmentation.behavior
    ]
    types = dict.fromkeys(("behavior_segment", "typical_needs", "engagement_focus"), "string")
    return literal_rows(spark, types, needs)


def _staying_tiers(model: ScoringModel, segmentation: Segmentation, as_of: date) -> Column:
    """The tiers above the computed one that a customer who holds one would not leave yet."""
    names = model.tier_names
    staying = [
        F.when(
            F.col("tier").isin(list(names[names.index(tier) + 1 :]))
            & expressions.condition(condition, model, as_of),
            tier,
        )
        for tier, condition in segmentation.tier_memory.stays_while.items()
    ]
    return F.array_compact(F.array(*staying)) if staying else F.array().cast("array<string>")


def _quadrant(model: ScoringModel, segmentation: Segmentation, as_of: date) -> Column:
    """The cell of the value and health matrix; NULL where health is not known."""
    matrix = segmentation.matrix
    value, health = (
        expressions.condition(each, model, as_of) for each in (matrix.high_value, matrix.high_health)
    )
    high = F.when(health, matrix.high_value_high_health.quadrant).otherwise(
        matrix.high_value_low_health.quadrant
    )
    low = F.when(health, matrix.low_value_high_health.quadrant).otherwise(
        matrix.low_value_low_health.quadrant
    )
    return F.when(F.col("health_score").isNotNull(), F.when(value, high).otherwise(low))

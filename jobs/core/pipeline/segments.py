"""Segments with memory: the steps from a snapshot and the one before it to states and actions."""

from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import ScoringModel
from jobs.core.config.segmentation import AXES, STANDING, Segmentation
from jobs.core.pipeline import expressions
from jobs.core.pipeline.steps import Steps, Value, literal_rows

# What a snapshot remembers of the one before it, by column of customer_segments.
_REMEMBERED = {
    "customer_key": "string",
    "customer_name": "string",
    "is_scored": "boolean",
    "held_tier": "string",
    "candidate_tier": "string",
    "tier_streak": "int",
    "held_value_segment": "string",
    "pending_value_segment": "string",
    "pending_since": "date",
    "computed_behavior_segment": "string",
    "behavior_segment": "string",
    "computed_health_state": "string",
    "above_since": "date",
    "left_segment": "string",
    "left_since": "date",
}
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


def bound(segmentation: Segmentation) -> dict[str, Value]:
    """The values that the steps of the segments are bound to."""
    health = segmentation.health
    return {
        "at_risk_below": health.at_risk_below,
        "healthy_above": health.healthy_above,
        "healthy_after_days": health.healthy_after_days,
        "tier_snapshots": segmentation.tier_memory.snapshots,
    }


def customer_segments(
    steps: Steps,
    tiers: DataFrame,
    remembered: DataFrame | None,
    model: ScoringModel,
    as_of: date,
) -> dict[str, DataFrame]:
    """The rows of customer_segments and migration_actions. Reads current_excluded and judged_decisions.

    Args:
        steps: where the views are, and `bound` values.
        tiers: customer_tiers of this snapshot, as published.
        remembered: customer_segments of the previous snapshot, as published, if there is one.
        model: whose they are.
        as_of: the date.
    """
    spark, segmentation = tiers.sparkSession, model.segmentation
    steps.view("computed_segments", _computed(tiers, model, segmentation, as_of))
    if remembered is None:
        remembered = literal_rows(spark, _REMEMBERED, [])
    steps.view("remembered_segments", remembered.select(*_REMEMBERED))
    changes = segmentation.rules_by_change(model.tier_names)
    rules = [
        (axis, start, end, rule.rule, rule.trigger, rule.mode, rule.action)
        for (axis, start, end), rule in changes.items()
    ]
    steps.view("segment_rules", literal_rows(spark, _RULES, rules))
    levels = [level.service_level for level in segmentation.service_levels]
    steps.view(
        "service_levels",
        literal_rows(
            spark,
            {"service_level": "string", "level_position": "int"},
            list(zip(levels, range(len(levels)), strict=True)),
        ),
    )
    due = [
        (segment.segment, segment.service_level, levels.index(segment.service_level))
        for segment in segmentation.value
    ]
    types = {"value_segment": "string", "service_level": "string", "level_position": "int"}
    steps.view("segment_levels", literal_rows(spark, types, due))
    types = dict.fromkeys(("behavior_segment", "typical_needs", "engagement_focus"), "string")
    needs = [(rule.segment, rule.typical_needs, rule.engagement_focus) for rule in segmentation.behavior]
    steps.view("segment_needs", literal_rows(spark, types, needs))
    steps.sql("segments", "decisions_in_force", "customer_states")
    return {
        "customer_segments": steps.sql("segments", "customer_segments"),
        "migration_actions": steps.sql("segments", "migration_actions"),
    }


def _computed(tiers: DataFrame, model: ScoringModel, segmentation: Segmentation, as_of: date) -> DataFrame:
    """One row per scored customer: what its measures alone say of each axis."""
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
    return tiers.select(
        "customer_key",
        "customer_name",
        *(column.alias(name) for name, column in columns.items()),
        *_MEASURES,
    )


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


def standing(
    steps: Steps, tiers: DataFrame, assigned: DataFrame, model: ScoringModel, as_of: date
) -> dict[str, DataFrame]:
    """What follows from the segments of one snapshot: sums, capacity, engagement and alerts.

    Args:
        steps: where the views are.
        tiers: customer_tiers, as published.
        assigned: customer_segments of the same snapshot, as published.
        model: whose they are.
        as_of: the date.
    """
    spark, segmentation = tiers.sparkSession, model.segmentation
    scored = steps.view("scored_segments", assigned.where("is_scored"))
    steps.view("known_segments", _known_segments(spark, model))
    matrix = segmentation.matrix
    cells = [
        (cell.quadrant, cell.strategy)
        for cell in (
            matrix.high_value_high_health,
            matrix.high_value_low_health,
            matrix.low_value_high_health,
            matrix.low_value_low_health,
        )
    ]
    types = dict.fromkeys(("quadrant", "strategy"), "string")
    steps.view("model_quadrants", literal_rows(spark, types, [*cells, (None, None)]))
    engagement = steps.view("segment_engagement", _engagement(spark, segmentation))
    return {
        "segment_summary": steps.sql("segments", "segment_summary"),
        "value_health_matrix": steps.sql("segments", "value_health_matrix"),
        "capacity_plan": steps.sql("segments", "capacity_plan"),
        "engagement_models": engagement,
        "tier_alerts": _alerts(tiers, scored, model, as_of),
    }


def _known_segments(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per axis and segment of the model, and one for all: the shares that were expected."""
    expected = {segment.segment: segment.expected for segment in model.segmentation.value}
    rows: list[tuple[Any, ...]] = [("total", None, None, None, None, None)]
    for axis in AXES:
        for segment in model.segmentation.values_of(axis, model.tier_names):
            shares = expected.get(segment) if axis == "value_segment" else None
            rows.append((axis, segment, *((*shares.customers, *shares.arr) if shares else (None,) * 4)))
    share = "decimal(9,6)"
    types = {
        "axis": "string",
        "segment": "string",
        "expected_customers_from": share,
        "expected_customers_to": share,
        "expected_arr_from": share,
        "expected_arr_to": share,
    }
    return literal_rows(spark, types, rows)


def _engagement(spark: SparkSession, segmentation: Segmentation) -> DataFrame:
    """One row per value segment: what its customers are due, and what of it is not decided."""
    levels = {level.service_level: level for level in segmentation.service_levels}
    rows: list[tuple[Any, ...]] = []
    for segment in segmentation.value:
        level = levels[segment.service_level]
        given: dict[str, Any] = {
            "engagement_model": list(level.engagement_model),
            "success_activities": list(level.success_activities),
            "metrics_focus": list(level.metrics_focus),
            "resources": [{"resource": name, "value": value} for name, value in level.resources.items()],
            "customers_a_csm_from": level.customers_a_csm[0] if level.customers_a_csm else None,
            "customers_a_csm_to": level.customers_a_csm[1] if level.customers_a_csm else None,
            "qbrs_a_year": level.qbrs_a_year,
            "touches_a_year": level.touches_a_year,
        }
        undecided = [name for name, value in given.items() if value is None or value == []]
        rows.append((segment.segment, level.service_level, *given.values(), undecided))
    quantity, texts = "decimal(9,2)", "array<string>"
    types = {
        "value_segment": "string",
        "service_level": "string",
        "engagement_model": texts,
        "success_activities": texts,
        "metrics_focus": texts,
        "resources": "array<struct<resource:string,value:string>>",
        "customers_a_csm_from": quantity,
        "customers_a_csm_to": quantity,
        "qbrs_a_year": quantity,
        "touches_a_year": quantity,
        "not_decided": texts,
    }
    return literal_rows(spark, types, rows)


def _alerts(tiers: DataFrame, scored: DataFrame, model: ScoringModel, as_of: date) -> DataFrame:
    """One row per customer and alert that holds, with the figures behind it."""
    standing_now = scored.select("customer_key", *AXES, *STANDING)
    known = tiers.drop("tier").join(standing_now, on="customer_key")
    held = [
        F.when(
            expressions.condition(alert.when, model, as_of),
            F.struct(
                F.lit(alert.alert).alias("alert"),
                F.lit(alert.severity).alias("severity"),
                F.lit(alert.reason).alias("reason"),
                F.to_json(F.struct(*alert.figures), {"ignoreNullFields": "false"}).alias("figures"),
            ),
        )
        for alert in model.segmentation.alerts
    ]
    if not held:
        held = [F.lit(None).cast("struct<alert:string,severity:string,reason:string,figures:string>")]
    alerts = F.inline(F.array_compact(F.array(*held)))
    return known.select("customer_key", "customer_name", "value_segment", "cs_representative", alerts)

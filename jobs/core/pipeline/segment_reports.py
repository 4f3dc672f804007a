"""What follows from the segments of one snapshot: sums, capacity, engagement and alerts."""

from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import ScoringModel
from jobs.core.config.segmentation import ALERT_COLUMNS, AXES
from jobs.core.pipeline import expressions
from jobs.core.runtime.literals import literal_rows


def scored_segments(customer_segments: DataFrame) -> DataFrame:
    """One row per customer scored now, with its segments."""
    return customer_segments.where("is_scored")


def model_quadrants(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per quadrant of the value and health matrix, and one of NULL for unknown health."""
    matrix = model.segmentation.matrix
    cells = (
        matrix.high_value_high_health,
        matrix.high_value_low_health,
        matrix.low_value_high_health,
        matrix.low_value_low_health,
    )
    types = dict.fromkeys(("quadrant", "strategy"), "string")
    return literal_rows(spark, types, [*((cell.quadrant, cell.strategy) for cell in cells), (None, None)])


def known_segments(spark: SparkSession, model: ScoringModel) -> DataFrame:
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


def engagement_models(spark: SparkSession, model: ScoringModel) -> DataFrame:
    """One row per value segment: what its customers are due, and what of it is not decided."""
    levels = {level.service_level: level for level in model.segmentation.service_levels}
    rows: list[tuple[Any, ...]] = []
    for segment in model.segmentation.value:
        level = levels[segment.service_level]
        given: dict[str, Any] = {
            "engagement_model": list(level.engagement_model),
            "success_activities": list(level.success_activities),
            "metrics_focus": list(level.metrics_focus),
            "resources": [{"resource": name, "value": value} for name, value in level.resources.items()],
            "customers_per_csm_from": level.customers_per_csm[0] if level.customers_per_csm else None,
            "customers_per_csm_to": level.customers_per_csm[1] if level.customers_per_csm else None,
            "qbrs_per_year": level.qbrs_per_year,
            "touches_per_year": level.touches_per_year,
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
        "customers_per_csm_from": quantity,
        "customers_per_csm_to": quantity,
        "qbrs_per_year": quantity,
        "touches_per_year": quantity,
        "not_decided": texts,
    }
    return literal_rows(spark, types, rows)


def tier_alerts(
    customer_tiers: DataFrame, scored_segments: DataFrame, model: ScoringModel, as_of: date
) -> DataFrame:
    """One row per customer and alert that holds, with the figures behind it."""
    standing_now = scored_segments.select("customer_key", *AXES, *ALERT_COLUMNS)
    known = customer_tiers.drop("tier").join(standing_now, on="customer_key")
    matching = [
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
    if not matching:
        matching = [F.lit(None).cast("struct<alert:string,severity:string,reason:string,figures:string>")]
    alerts = F.inline(F.array_compact(F.array(*matching)))
    return known.select("customer_key", "customer_name", "value_segment", "cs_representative", alerts)

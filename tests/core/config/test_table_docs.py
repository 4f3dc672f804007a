"""Comments and constraints of the published tables, from conf/tables.yaml."""

import re
from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import ScoringModel, load_model
from jobs.core.config.source_columns import source_tables
from jobs.core.config.table_docs import Layout, layout
from jobs.core.pipeline import pipeline, segments
from jobs.core.pipeline.steps import Steps
from jobs.core.publish import decisions, output, runs
from jobs.core.sources.money import PLANNED
from tests.conftest import ACCOUNTS, FACTS

SHIPPED = load_model("profitability_adherence")
VALUE = load_model("value_potential_strategic")  # with profiles and segments
AS_OF = date(2024, 12, 31)
LABELS = {"as_of", "model", "run_id"}
TABLES = [
    "customer_features",
    "customer_tiers",
    "excluded_customers",
    "model_components",
    "tier_migration",
    "tier_migration_summary",
    "tier_summary",
    "data_quality",
    "quarantine_dim_accounts",
    "quarantine_fct_revenues",
    "runs",
]
TABLES_WITH_SEGMENTS = [
    *TABLES,
    "customer_segments",
    "migration_actions",
    "segment_summary",
    "value_health_matrix",
    "capacity_plan",
    "engagement_models",
    "tier_alerts",
    "tier_decisions",
    "quarantine_dim_customers",
]
MODELS_AND_TABLES = [
    *((SHIPPED.name, table) for table in TABLES),
    # To plan all of it at once, nothing being written down between, takes a minute.
    *(pytest.param(VALUE.name, table, marks=pytest.mark.long) for table in TABLES_WITH_SEGMENTS),
]
MODELS = {model.name: model for model in (SHIPPED, VALUE)}
PROFILE_TYPES = {
    "text": "STRING",
    "date": "DATE",
    "money": "DECIMAL(18,2)",
    "number": "DECIMAL(18,6)",
    "count": "BIGINT",
}

Columns = dict[str, set[str]]


def planned(spark: SparkSession, model: ScoringModel) -> Columns:
    """The columns of every output table, from the pipeline over empty sources; nothing is run."""
    values = {"as_of": AS_OF, "previous_as_of": AS_OF, "window_months": 12, "list_unchanged": False}
    frames: dict[str, DataFrame] = {}
    with Steps(spark, **values) as steps:
        facts = spark.createDataFrame([], FACTS).withColumnRenamed("customer_id", "customer_key")
        sources = {"fct_revenues": facts, "dim_accounts": spark.createDataFrame([], ACCOUNTS)}
        if model.health is not None:
            columns = source_tables()["dim_customers"].columns.items()
            profiles = ", ".join(f"{name} {PROFILE_TYPES[column.type]}" for name, column in columns)
            sources["dim_customers"] = spark.createDataFrame([], profiles)
        measures = pipeline.customer_features(steps, sources, PLANNED, key_is_name=False, only_planned=True)
        features = frames["customer_features"] = measures.withColumn(
            pipeline.ROW_ID, F.monotonically_increasing_id()
        )
        pipeline.assessed_customers(steps, features, model, AS_OF)
        size = pipeline.Size(customers=2, plain_up_to=1)
        fallback = pipeline.other_score(features, SHIPPED, "adherence", AS_OF, size) if model.health else None
        tiers = frames["customer_tiers"] = pipeline.customer_tiers(steps, model, AS_OF, size, fallback)
        excluded = frames["excluded_customers"] = steps.sql("tiers", "excluded_customers")
        frames["model_components"] = pipeline.model_components(spark, model)
        scored = tiers
        if model.segments:
            frames["tier_decisions"] = spark.createDataFrame([], decisions.FIELDS)
            decisions.judged(steps, frames["tier_decisions"], model)
            steps.view("current_excluded", excluded)
            steps.bind(**segments.bound(model.segments))
            frames |= segments.customer_segments(steps, tiers, None, model, AS_OF)
            assigned = frames["customer_segments"]
            scored = assigned.withColumnRenamed("first_seen_date", "first_event_date")
            frames |= segments.standing(steps, tiers, assigned, model, AS_OF)
        frames |= pipeline.migration(steps, scored, excluded, scored, model)
        columns = {name: set(frame.columns) | LABELS for name, frame in frames.items()}
    quarantined = {"source_version", "reasons", "example_key", "source_row"} | LABELS
    sources = ["dim_accounts", "fct_revenues", *(["dim_customers"] if model.health else [])]
    return {
        **columns,
        "data_quality": set(output._CHECKS) | LABELS,
        **{f"quarantine_{source}": quarantined for source in sources},
        "runs": set(runs._RUNS),
    }


class Planned(dict[str, Columns]):
    """The columns of every output table of each shipped model, planned when first asked for."""

    def __init__(self, spark: SparkSession) -> None:
        super().__init__()
        self._spark = spark

    def __missing__(self, model: str) -> Columns:
        self[model] = planned(self._spark, MODELS[model])
        return self[model]


@pytest.fixture(scope="module")
def published(spark: SparkSession) -> Planned:
    return Planned(spark)


@pytest.mark.parametrize(
    ("model", "tables"),
    [
        (SHIPPED.name, TABLES),
        pytest.param(VALUE.name, TABLES_WITH_SEGMENTS, marks=pytest.mark.long),
    ],
)
def test_all_tables_are_described(published: Planned, model: str, tables: list[str]) -> None:
    assert sorted(published[model]) == sorted(tables)


@pytest.mark.parametrize(("model", "table"), MODELS_AND_TABLES)
def test_every_column_has_a_comment(published: Planned, model: str, table: str) -> None:
    described = layout(table, MODELS[model])
    comments = {name: described.columns.get(name, "") for name in published[model][table]}
    assert [name for name, comment in comments.items() if not comment.strip()] == []
    assert described.comment.strip()


@pytest.mark.parametrize(("model", "table"), MODELS_AND_TABLES)
def test_constraints_name_columns_that_are_there(published: Planned, model: str, table: str) -> None:
    described = layout(table, MODELS[model])
    columns = published[model][table]
    assert LABELS <= set(described.not_null) <= columns
    for check in described.checks.values():
        without_text = re.sub(r"'[^']*'", "", check)
        names = set(re.findall(r"[a-z]\w*", without_text)) - {"size"}
        assert names
        assert names <= columns


def test_comments_of_a_models_columns_name_its_metrics_and_scores() -> None:
    described = layout("customer_tiers", SHIPPED)
    comment = described.columns["days_since_last_event_below"]
    assert comment.startswith("Peers with a strictly lower days_since_last_event;")
    assert described.columns["adherence_score"] == "Score from 0 to 100, the exact sum of its points"
    assert described.checks["adherence_score_range"] == "adherence_score BETWEEN 0 AND 100"
    check = "total_events_below >= 0 AND total_events_below < peers"
    assert described.checks["total_events_below_peers"] == check
    assert described.checks["total_events_points_range"] == "total_events_points BETWEEN 0 AND 100"
    assert not [key for key in (*described.columns, *described.checks) if "{" in key]


def test_ranks_are_of_the_metrics_that_are_ranked_and_points_of_all_components() -> None:
    described = layout("customer_tiers", VALUE).columns
    assert {"arr_below", "arr_points", "contract_years_points", "value_score_points"} <= set(described)
    assert {"total_events_below", "total_events_percentile"} <= set(described), "ranked, not scored"
    assert not {"contract_years_below", "arr_percentile", "total_events_points"} & set(described)


def own_metric(description: str | None) -> ScoringModel:
    component = SHIPPED.components[0].model_copy(update={"metric": "own", "description": description})
    return SHIPPED.model_copy(update={"components": (component,)})


def test_metric_without_a_comment_has_the_models_words() -> None:
    def comment(described: Layout) -> str:
        return described.columns["own"]

    assert comment(layout("customer_tiers", own_metric("Own words"))) == "Own words"
    assert comment(layout("customer_tiers", own_metric(None))) == "Metric of the profitability score"


def test_models_words_don_t_replace_a_comment() -> None:
    component = SHIPPED.components[0].model_copy(update={"description": "Own words"})
    described = layout("customer_tiers", SHIPPED.model_copy(update={"components": (component,)}))
    assert described.columns["total_gross_margin"] == "Gross margin of the window"

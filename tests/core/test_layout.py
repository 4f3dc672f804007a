"""Comments and constraints of the published tables, from conf/tables.yaml."""

import re
from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core import output, pipeline, runs
from jobs.core.layout import Layout, layout
from jobs.core.model import ScoringModel, load_model
from jobs.core.steps import Steps
from tests.conftest import ACCOUNTS, FACTS

SHIPPED = load_model("profitability_adherence")
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


@pytest.fixture(scope="module")
def shipped(spark: SparkSession) -> dict[str, set[str]]:
    """The columns of every output table, from the pipeline over empty sources; nothing is run."""
    values = {"as_of": AS_OF, "previous_as_of": AS_OF, "window_months": 12, "list_unchanged": False}
    frames: dict[str, DataFrame] = {}
    with Steps(spark, **values) as steps:
        facts = spark.createDataFrame([], FACTS).withColumnRenamed("customer_id", "customer_key")
        money = {name: F.col(name).cast("decimal(18,2)") for name in ("total_revenue", "total_gross_margin")}
        steps.view(
            "fct_revenues", facts.withColumns({**money, "event_count": F.col("event_count").cast("bigint")})
        )
        steps.view("dim_accounts", spark.createDataFrame([], ACCOUNTS))
        measures = pipeline.customer_features(steps, key_is_name=False, only_planned=True)
        features = frames["customer_features"] = measures.withColumn(
            pipeline.ROW_ID, F.monotonically_increasing_id()
        )
        pipeline.assessed_customers(steps, features, SHIPPED, AS_OF)
        tiers = frames["customer_tiers"] = pipeline.customer_tiers(
            steps, SHIPPED, AS_OF, customers=2, plain_up_to=1
        )
        excluded = frames["excluded_customers"] = steps.sql("tiers", "excluded_customers")
        frames["model_components"] = pipeline.model_components(spark, SHIPPED)
        frames |= pipeline.migration(steps, tiers, excluded, tiers, SHIPPED)
        columns = {name: set(frame.columns) | LABELS for name, frame in frames.items()}
    quarantined = {"source_version", "reasons", "example_key", "source_row"} | LABELS
    return {
        **columns,
        "data_quality": set(output._CHECKS) | LABELS,
        "quarantine_dim_accounts": quarantined,
        "quarantine_fct_revenues": quarantined,
        "runs": set(runs._RUNS),
    }


def test_all_tables_are_described(shipped: dict[str, set[str]]) -> None:
    assert sorted(shipped) == sorted(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_a_comment(shipped: dict[str, set[str]], table: str) -> None:
    described = layout(table, SHIPPED)
    comments = {name: described.columns.get(name, "") for name in shipped[table]}
    assert [name for name, comment in comments.items() if not comment.strip()] == []
    assert described.comment.strip()


@pytest.mark.parametrize("table", TABLES)
def test_constraints_name_columns_that_are_there(shipped: dict[str, set[str]], table: str) -> None:
    described = layout(table, SHIPPED)
    assert LABELS <= set(described.not_null) <= shipped[table]
    for check in described.checks.values():
        without_text = re.sub(r"'[^']*'", "", check)
        names = set(re.findall(r"[a-z]\w*", without_text)) - {"size"}
        assert names
        assert names <= shipped[table]


def test_comments_of_a_models_columns_name_its_metrics_and_scores() -> None:
    described = layout("customer_tiers", SHIPPED)
    comment = described.columns["days_since_last_event_below"]
    assert comment.startswith("Peers with a strictly lower days_since_last_event;")
    assert described.columns["adherence_score"] == "Score from 0 to 100, the exact sum of its points"
    assert described.checks["adherence_score_range"] == "adherence_score BETWEEN 0 AND 100"
    check = "total_events_below >= 0 AND total_events_below < peers"
    assert described.checks["total_events_below_peers"] == check
    assert not [key for key in (*described.columns, *described.checks) if "{" in key]


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

"""The registry of the published tables, conf/tables.yaml: all of them, as they are published."""

import re
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession

from jobs.core.config.model import ScoringModel, load_model
from jobs.core.config.published_tables import TableDefinition, table_definition
from jobs.core.config.source_columns import source_tables
from jobs.core.config.table_registry import Stage, TableRegistry, table_registry, tables_of_stage, types_of
from jobs.core.pipeline.codes import NO_TEXT_CODES
from jobs.core.pipeline.engine import Engine
from jobs.core.pipeline.scores import Fallback, Size
from jobs.core.publish import decisions
from jobs.core.publish.readers import PUBLISHED
from jobs.core.sources.money import PLANNED
from tests.conftest import ACCOUNTS, CHECKOUT, FACTS
from tests.registered import NUMBER, differences

SHIPPED = load_model("profitability_adherence")
VALUE = load_model("value_potential_strategic")  # with profiles and segments
AS_OF = date(2024, 12, 31)
LABELS = {"as_of": "date", "model": "string", "run_id": "string"}
COMPUTED: tuple[Stage, ...] = ("features", "snapshot", "segments", "comparison")
# What models without segments don't have.
WITH_SEGMENTS = {
    *("customer_segments", "migration_actions", "tier_decisions", "segment_summary", "value_health_matrix"),
    *("capacity_plan", "engagement_models", "tier_alerts"),
}
TABLES_WITH_SEGMENTS = list(table_registry().tables)
TABLES = [
    name for name in table_registry().tables if name not in {*WITH_SEGMENTS, "quarantine_dim_customers"}
]
MODELS_AND_TABLES = [
    *((SHIPPED.name, table) for table in TABLES),
    *((VALUE.name, table) for table in TABLES_WITH_SEGMENTS),
]
MODELS = {model.name: model for model in (SHIPPED, VALUE)}
PROFILE_TYPES = {
    "text": "STRING",
    "date": "DATE",
    "money": "DECIMAL(18,2)",
    "number": "DECIMAL(18,6)",
    "count": "BIGINT",
}

QUARANTINED = {
    "source_version": "bigint",
    "reasons": "array<string>",
    "example_key": "string",
    "file_lines": "bigint",
    "source_row": "string",
}
# Numbers that number something, and count or measure nothing.
WITHOUT_UNIT = {"row_id", "source_version", "semantics"}

Columns = dict[str, dict[str, str]]  # type by column by table


def planned(spark: SparkSession, model: ScoringModel) -> Columns:
    """The columns of every output table, from the pipeline over empty sources."""
    facts = spark.createDataFrame([], FACTS).withColumnRenamed("customer_id", "customer_key")
    given: dict[str, Any] = {
        "fct_revenues": PLANNED.counted(facts),
        "dim_accounts": spark.createDataFrame([], ACCOUNTS),
        "tier_decisions": spark.createDataFrame([], decisions.FIELDS),
        "money_unit": PLANNED.unit,
        "texts": NO_TEXT_CODES,
        "key_is_name": False,
        "as_of": AS_OF,
        "previous_as_of": AS_OF,
        "window_months": 12,
        "list_unchanged": False,
        "model": model,
        "size": Size(customers=2, plain_up_to=1),
    }
    if model.health is not None:
        columns = source_tables()["dim_customers"].columns.items()
        profiles = ", ".join(f"{name} {PROFILE_TYPES[column.type]}" for name, column in columns)
        given["dim_customers"] = spark.createDataFrame([], profiles)
        given["fallback"] = Fallback(SHIPPED, "adherence", given["size"])
    with Engine(spark, **given) as engine:
        asked = [name for stage in COMPUTED for name in tables_of_stage(stage)]
        types = {name: dict(frame.dtypes) | LABELS for name, frame in engine.tables(asked).items()}
    recorded = ["data_quality", "runs", *(["tier_decisions"] if model.segments else [])]
    sources = ["dim_accounts", "fct_revenues", *(["dim_customers"] if model.health else [])]
    return {
        **types,
        **{name: types_of(name) for name in recorded},  # which are made as the registry has them
        **{f"quarantine_{source}": QUARANTINED | LABELS for source in sources},
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


# To plan all of a model at once, nothing being written down between, takes half a minute or more. What is
# published is compared with the registry where its rows are with the reference, by assert_as_registered.
@pytest.mark.long
@pytest.mark.parametrize(("model", "tables"), [(SHIPPED.name, TABLES), (VALUE.name, TABLES_WITH_SEGMENTS)])
def test_all_tables_are_described(published: Planned, model: str, tables: list[str]) -> None:
    assert sorted(published[model]) == sorted(tables)


@pytest.mark.long
@pytest.mark.parametrize(("model", "table"), MODELS_AND_TABLES)
def test_every_column_is_described_in_the_type_that_it_is_published_in(
    published: Planned, model: str, table: str
) -> None:
    assert differences(table, MODELS[model], published[model][table]) == []


@pytest.mark.long
@pytest.mark.parametrize(("model", "table"), MODELS_AND_TABLES)
def test_every_column_has_a_comment(published: Planned, model: str, table: str) -> None:
    described = table_definition(table, MODELS[model])
    comments = {name: described.columns.get(name, "") for name in published[model][table]}
    assert [name for name, comment in comments.items() if not comment.strip()] == []
    assert described.comment.strip()


@pytest.mark.long
@pytest.mark.parametrize(("model", "table"), MODELS_AND_TABLES)
def test_constraints_name_columns_that_are_there(published: Planned, model: str, table: str) -> None:
    described = table_definition(table, MODELS[model])
    columns = published[model][table]
    assert set(columns) >= set(described.not_null) >= set(LABELS) & set(columns)
    for check in described.checks.values():
        without_text = re.sub(r"'[^']*'", "", check)
        names = set(re.findall(r"[a-z]\w*", without_text)) - {"size"}
        assert names
        assert names <= set(columns)


def test_every_number_has_a_unit() -> None:
    registry = table_registry()
    described = {
        **registry.measures,
        **{n: c for t in registry.tables.values() for n, c in t.columns.items()},
    }
    numbers = {name: column for name, column in described.items() if re.match(NUMBER, column.type)}
    assert {name for name, column in numbers.items() if column.unit is None} == WITHOUT_UNIT
    assert [name for name, column in described.items() if column.unit and name not in numbers] == []


def test_readers_have_the_tables_of_a_snapshot() -> None:
    # The views of a catalog are these, and what else is there tells of runs or is the job's own.
    kept = {"customer_features", "tier_decisions", "data_quality", "runs"}
    without = {name for name, table in table_registry().tables.items() if not table.reader_view}
    assert {name for name in without if not name.startswith("quarantine_")} == kept
    assert set(PUBLISHED) == set(table_registry().tables) - without


def test_the_page_for_readers_lists_the_tables() -> None:
    section = (CHECKOUT / "sql/READING.md").read_text().split("## What is published", 1)[1].split("## ", 1)[0]
    firsts = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    listed = [name for first in firsts for name in re.findall(r"`(\w+)`", first)]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {*table_registry().tables, "score_components"}, "a view beside the tables"


def test_a_key_or_measure_that_is_not_described_is_refused() -> None:
    content = table_registry().model_dump()
    content["tables"]["tier_summary"]["key"] = ("tiers",)
    content["tables"]["tier_summary"]["measures"] = ("arrr",)
    with pytest.raises(ValidationError, match=r"tier_summary must name columns.*got \['arrr', 'tiers'\]"):
        TableRegistry.model_validate(content)


def test_a_column_was_called_what_no_column_is_called() -> None:
    for name, table in table_registry().tables.items():
        was = [column.was for column in table.columns.values() if column.was is not None]
        assert len(set(was)) == len(was), name
        assert not set(was) & {*table.columns, *table_registry().measures_of(table)}, name


def test_comments_of_a_models_columns_name_its_metrics_and_scores() -> None:
    described = table_definition("customer_tiers", SHIPPED)
    comment = described.columns["days_since_last_event_below"]
    assert comment.startswith("Peers with a strictly lower days_since_last_event;")
    assert described.columns["adherence_score"] == "Score from 0 to 100, the exact sum of its points"
    assert described.checks["adherence_score_range"] == "adherence_score BETWEEN 0 AND 100"
    check = "total_events_below >= 0 AND total_events_below < peers"
    assert described.checks["total_events_below_peers"] == check
    assert described.checks["total_events_points_range"] == "total_events_points BETWEEN 0 AND 100"
    assert not [key for key in (*described.columns, *described.checks) if "{" in key]


def test_ranks_are_of_the_metrics_that_are_ranked_and_points_of_all_components() -> None:
    described = table_definition("customer_tiers", VALUE).columns
    assert {"arr_below", "arr_points", "contract_years_points", "value_score_points"} <= set(described)
    assert {"total_events_below", "total_events_percentile"} <= set(described), "ranked, not scored"
    assert not {"contract_years_below", "arr_percentile", "total_events_points"} & set(described)


def own_metric(description: str | None) -> ScoringModel:
    component = SHIPPED.components[0].model_copy(update={"metric": "own", "description": description})
    return SHIPPED.model_copy(update={"components": (component,)})


def test_metric_without_a_comment_has_the_models_words() -> None:
    def comment(described: TableDefinition) -> str:
        return described.columns["own"]

    assert comment(table_definition("customer_tiers", own_metric("Own words"))) == "Own words"
    assert (
        comment(table_definition("customer_tiers", own_metric(None))) == "Metric of the profitability score"
    )


def test_what_a_model_counts_has_a_comment() -> None:
    model = SHIPPED.model_copy(update={"counts": {"warning_signs": (SHIPPED.tiers[0].when,)}})
    comment = table_definition("customer_tiers", model).columns["warning_signs"]
    assert comment == "How many of the model's conditions for warning_signs hold"
    assert (
        table_definition("customer_tiers", VALUE)
        .columns["churn_signals"]
        .startswith("How many of the model's churn")
    )


def test_models_words_don_t_replace_a_comment() -> None:
    component = SHIPPED.components[0].model_copy(update={"description": "Own words"})
    described = table_definition("customer_tiers", SHIPPED.model_copy(update={"components": (component,)}))
    assert described.columns["total_gross_margin"] == "Gross margin of the window"

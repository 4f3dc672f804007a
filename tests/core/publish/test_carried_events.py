"""Events of an output that is carried over: which snapshots count, and what is told of their new tables."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from jobs.core.config.configuration import Configuration
from jobs.core.config.model import load_model
from jobs.core.delta.written import WrittenTable
from jobs.core.publish.carried_events import carried_runs, configurations_by_new_names, published_by_model
from jobs.core.publish.decisions import TABLE as DECISIONS
from jobs.core.runtime.errors import BadDataError
from jobs.core.sources.source_versions import SourceVersions
from tests.conftest import plain_settings

NAME = "profitability_adherence"
FIRST, SECOND = date(2024, 6, 30), date(2024, 9, 30)
CONFIGURATION = Configuration.of(plain_settings(), load_model(NAME), {})
RUNS = (
    "as_of DATE, model STRING, run_id STRING, status STRING, happened_at TIMESTAMP, message STRING, "
    "source_versions MAP<STRING, BIGINT>, table_versions MAP<STRING, BIGINT>, "
    "content_hashes MAP<STRING, STRING>, configuration STRING, configuration_hash STRING"
)


def event(moment: int, as_of: date, told: str, version: int | None = None, **other: Any) -> dict[str, Any]:
    """An event, told as `run status`, with the version of its one table and of the decisions it followed."""
    run, status = told.split()
    tables = {} if version is None else {"customer_tiers": version}
    return {
        "as_of": as_of,
        "model": NAME,
        "run_id": run,
        "status": status,
        "happened_at": moment,
        "message": None,
        "source_versions": {"fct_revenues": 7, DECISIONS: version or 0},
        "source_files": {},
        "source_rows": {},
        "table_versions": tables,
        "row_counts": dict.fromkeys(tables, 2),
        "content_hashes": dict.fromkeys(tables, f"hash {version}"),
        "revenue": 5,
        "previous_run_id": None,
        "configuration": CONFIGURATION.text,
        "configuration_hash": CONFIGURATION.hash,
        **other,
    }


EVENTS = [
    event(1, FIRST, "A started"),
    event(2, FIRST, "A published", 3),
    event(3, SECOND, "B published", 4),
    event(4, SECOND, "C started"),
    event(5, SECOND, "C published", 6),
    event(6, FIRST, "D failed", message="no disk"),
    event(7, SECOND, "C published", 8),
]


def test_the_snapshots_that_count_are_found_with_their_models() -> None:
    other = {**event(8, FIRST, "E published", 1), "model": "another"}
    events = [*EVENTS, other]
    found = published_by_model(events, configurations_by_new_names(events))
    assert [(each.snapshot.run_id, each.event["happened_at"]) for each in found[NAME]] == [("A", 2), ("C", 7)]
    assert [each.snapshot.run_id for each in found["another"]] == ["E"]
    assert found[NAME][0].model.tier_names == load_model(NAME).tier_names


def test_a_configuration_that_cannot_be_read_matters_only_where_it_counts() -> None:
    broken = {"configuration": '{"settings": ***', "configuration_hash": "0"}
    before = [{**EVENTS[2], **broken}, *EVENTS[4:5]]
    found = published_by_model(before, configurations_by_new_names(before))
    assert [each.snapshot.run_id for each in found[NAME]] == ["C"]

    last = [{**EVENTS[-1], **broken}]
    with pytest.raises(BadDataError, match=r"on 2024-09-30 with a configuration .* run C has another"):
        published_by_model(last, configurations_by_new_names(last))


def test_events_tell_of_the_new_tables_where_they_count_and_else_of_none(spark: SparkSession) -> None:
    moments = {
        each["happened_at"]: datetime(2024, 10, 27, 0, each["happened_at"], tzinfo=UTC) for each in EVENTS
    }
    columns = StructType.fromDDL(RUNS)
    assert isinstance(columns, StructType)
    rows = [
        [{**each, "happened_at": moments[each["happened_at"]]}[name] for name in columns.names]
        for each in EVENTS
    ]
    runs = spark.createDataFrame(rows, RUNS)
    stamped = [
        {**each, "happened_at": int(moments[each["happened_at"]].timestamp() * 1_000_000)} for each in EVENTS
    ]
    carried = [
        replace(
            each,
            snapshot=replace(
                each.snapshot,
                written={"customer_tiers": WrittenTable(number, 2, f"new hash {number}", "run")},
                source_versions=SourceVersions({"fct_revenues": 7, DECISIONS: 10 + number}),
            ),
        )
        for number, each in enumerate(published_by_model(stamped, configurations_by_new_names(EVENTS))[NAME])
    ]
    new_names = {CONFIGURATION.hash: Configuration("by new names", "new hash", "hash of the model")}

    found = carried_runs(runs, carried, new_names)

    assert set(found.columns) == {*runs.columns, "model_hash"}
    told = [row.asDict() for row in found.orderBy("happened_at").collect()]
    kept = ("as_of", "model", "run_id", "status", "happened_at", "message")
    before = [row.asDict() for row in runs.orderBy("happened_at").collect()]
    assert [[each[name] for name in kept] for each in told] == [
        [each[name] for name in kept] for each in before
    ]
    none: tuple[dict[str, int], dict[str, int]] = ({}, {"fct_revenues": 7})
    assert [(each["table_versions"], each["source_versions"]) for each in told] == [
        none,
        ({"customer_tiers": 0}, {"fct_revenues": 7, DECISIONS: 10}),
        *[none] * 4,
        ({"customer_tiers": 1}, {"fct_revenues": 7, DECISIONS: 11}),
    ]
    assert told[1]["content_hashes"] == {"customer_tiers": "new hash 0"}
    assert told[2]["content_hashes"] == {"customer_tiers": "hash 4"}, "it still says what the run published"
    assert {(each["configuration"], each["configuration_hash"], each["model_hash"]) for each in told} == {
        tuple(new_names[CONFIGURATION.hash])
    }

"""Outputs of an earlier layout: what a run refuses to write beside, and what an upgrade carries over."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.core.config.model import load_model
from jobs.core.config.table_registry import table_registry
from jobs.core.delta.identifiers import Location
from jobs.core.delta.making import LAYOUT, LAYOUT_VERSION
from jobs.core.delta.tables import OutputTables
from jobs.core.publish import decisions
from jobs.core.publish.layouts import refuse_old_names, renamed
from jobs.core.publish.output import Output
from jobs.core.publish.runs import create_runs
from jobs.core.publish.upgrading import Carrier, upgrade
from jobs.core.runtime.errors import ConfigurationError
from tests.conftest import plain_settings

MODEL = load_model("value_potential_strategic")
# By hand, as outputs of layout 2 have them.
RENAMED = {
    "capacity_plan": {"qbrs_a_quarter": "qbrs_per_quarter", "touches_a_quarter": "touches_per_quarter"},
    "engagement_models": {
        "customers_a_csm_from": "customers_per_csm_from",
        "customers_a_csm_to": "customers_per_csm_to",
        "qbrs_a_year": "qbrs_per_year",
        "touches_a_year": "touches_per_year",
    },
}


def earlier(spark: SparkSession, folder: Path, table: str, columns: str, layout: str = "2") -> None:
    """An empty table as an earlier layout has it."""
    properties = f"'{LAYOUT}' = '{layout}'"
    spark.sql(f"CREATE TABLE delta.`{folder / table}` ({columns}) USING delta TBLPROPERTIES ({properties})")


def told(error: pytest.ExceptionInfo[ConfigurationError], folder: Path) -> list[str]:
    return [problem.replace(str(folder), "FOLDER") for problem in error.value.problems]


def test_the_registry_tells_the_earlier_names() -> None:
    found = {name: table.renamed_columns for name, table in table_registry().tables.items()}
    assert {name: names for name, names in found.items() if names} == RENAMED


def test_a_run_refuses_to_write_beside_earlier_names(spark: SparkSession, tmp_path: Path) -> None:
    settings = plain_settings(output={"path": str(tmp_path / "output")}, model=None, models=[MODEL.name])
    output = Output(spark, settings, [MODEL])
    refuse_old_names(output)  # nothing is there
    earlier(spark, tmp_path / "output", "runs", "as_of DATE")
    refuse_old_names(output)  # no table has an earlier name
    earlier(spark, tmp_path / "output" / MODEL.name, "capacity_plan", "customers BIGINT, qbrs_a_quarter INT")
    with pytest.raises(ConfigurationError) as error:
        refuse_old_names(output)
    assert told(error, tmp_path) == [
        "output: must hold tables of layout 3, which this version writes, got capacity_plan of an earlier "
        "one in FOLDER/output/value_potential_strategic, with qbrs_a_quarter as qbrs_per_quarter",
        "output: carry it over, and publish to the new place: customer-tiers upgrade --from FOLDER/output "
        "--to NEW",
    ]


def test_rows_get_the_new_names_also_where_they_are_values(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [("Starter", 4, ["qbrs_a_year", "metrics_focus", "customers_a_csm_to"]), ("SMB", None, [])],
        "value_segment STRING, touches_a_year INT, not_decided ARRAY<STRING>",
    )
    found = renamed("engagement_models", rows)
    assert found.columns == ["value_segment", "touches_per_year", "not_decided"]
    assert [tuple(row) for row in found.collect()] == [
        ("Starter", 4, ["qbrs_per_year", "metrics_focus", "customers_per_csm_to"]),
        ("SMB", None, []),
    ]


def test_decisions_have_a_version_for_each_that_a_snapshot_followed(
    spark: SparkSession, tmp_path: Path
) -> None:
    old, new = (OutputTables(spark, Location(path=str(tmp_path / name))) for name in ("old", "new"))
    decisions.prepare(old, MODEL)
    none = old.version(decisions.TABLE)

    def record(customer: str, moment: int) -> int:
        at = datetime(2024, 10, moment, tzinfo=UTC)
        row = (customer, "tier", "override", "Scale", "ops", "why", date(2024, 10, 1), None, at)
        old.append(decisions.TABLE, spark.createDataFrame([row], decisions.FIELDS))
        return old.version(decisions.TABLE)

    first, second = record("Ann", 1), record("Bob", 2)
    record("Ann", 3)

    found = Carrier(old, new).carry_decisions([none, second], MODEL)

    def customers(tables: OutputTables, version: int) -> list[str]:
        rows = tables.read_at(decisions.TABLE, version).orderBy("recorded_at").collect()
        return [row["customer_key"] for row in rows]

    assert first not in found, "no snapshot followed it"
    assert found[none] < found[second]
    for version in (none, second):
        assert customers(new, found[version]) == customers(old, version)
    assert customers(new, new.version(decisions.TABLE)) == ["Ann", "Bob", "Ann"]


def test_what_cannot_be_upgraded_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    def refused(name: str) -> str:
        with pytest.raises(ConfigurationError) as error:
            upgrade(spark, Location(path=str(tmp_path / name)), Location(path=str(tmp_path / "new")))
        (problem,) = told(error, tmp_path)
        return problem

    assert refused("none") == "--from: must be the output of an earlier version, got FOLDER/none without runs"
    earlier(spark, tmp_path / "ancient", "runs", "as_of DATE", "1")
    assert refused("ancient") == "--from: must be of layout 2, got FOLDER/ancient of layout 1"
    create_runs(OutputTables(spark, Location(path=str(tmp_path / "now"))), MODEL, "several models")
    assert refused("now") == (
        f"--from: must be of an earlier layout than {LAYOUT_VERSION}, which this version writes, got "
        "FOLDER/now: publish there as it is"
    )

"""A published snapshot is read as `runs` records it, whatever has been written since."""

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.core.config.model import load_model
from jobs.core.config.settings import Settings
from jobs.core.delta.written import WrittenTable
from jobs.core.publish.output import Output
from jobs.core.publish.recorded import find_snapshot, the_snapshot
from jobs.core.publish.snapshot import Snapshot
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.sources.source_versions import SourceVersions

AS_OF, EARLIER = date(2024, 12, 31), date(2024, 9, 30)
MODEL = load_model("profitability_adherence")
TIERS = """SELECT DATE '2024-12-31' AS as_of, '{model}' AS model, '{run}' AS run_id, 'Ann' AS customer_key,
    CAST(1 AS DECIMAL(18, 2)) AS total_revenue, 3 AS peers, {below} AS total_revenue_below,
    CAST(50 AS DECIMAL(9, 6)) AS total_revenue_points"""
COMPONENTS = """SELECT DATE '2024-12-31' AS as_of, '{run}' AS run_id, 'profitability' AS score,
    'total_revenue' AS metric, CAST({weight} AS DECIMAL(5, 4)) AS weight,
    'higher_is_better' AS direction, 'percentile' AS scale"""


@pytest.fixture
def output(spark: SparkSession, tmp_path: Path) -> Output:
    settings = Settings.model_validate(
        {
            "sources": {"fct_revenues": {"path": "f"}, "dim_accounts": {"path": "a"}},
            "output": {"path": str(tmp_path)},
            "model": MODEL.name,
        }
    )
    return Output(spark, settings, [MODEL])


def write(output: Output, run: str, below: int, weight: float) -> None:
    for table, query in (("customer_tiers", TIERS), ("model_components", COMPONENTS)):
        rows = output.root.spark.sql(query.format(model=MODEL.name, run=run, below=below, weight=weight))
        rows.write.format("delta").mode("overwrite").save(f"{output.root.location}/{table}")


def test_a_snapshot_is_read_at_its_recorded_versions(output: Output) -> None:
    assert find_snapshot(output, MODEL) is None
    with pytest.raises(ConfigurationError, match=f"published snapshot of {MODEL.name}; there is none"):
        the_snapshot(output, MODEL)

    output.log.prepare(MODEL)
    write(output, "1", below=1, weight=0.5)
    written = {table: WrittenTable(0, 1, "", "1") for table in ("customer_tiers", "model_components")}
    for day in (EARLIER, AS_OF):
        output.log.tell("published", MODEL, Snapshot(day, "1", SourceVersions(), written=written, revenue=0))
    write(output, "2", below=2, weight=0.25)  # by a run that never published

    found = the_snapshot(output, MODEL)
    assert found.as_of == AS_OF
    assert [row["run_id"] for row in found.read("customer_tiers").collect()] == ["1"]
    [component] = found.score_components().collect()
    assert (component["run_id"], component["below"], float(component["weight"])) == ("1", 1, 0.5)
    assert component["percentile"] == 0.5
    assert the_snapshot(output, MODEL, EARLIER).read("customer_tiers").count() == 0, "of its date alone"

    with pytest.raises(ConfigurationError, match="must hold a snapshot of 2024-12-31 with tier_alerts"):
        found.read("tier_alerts")
    with pytest.raises(
        ConfigurationError,
        match=f"published snapshot of 2025-03-31 of {MODEL.name}; there are 2024-09-30, 2024-12-31",
    ):
        the_snapshot(output, MODEL, date(2025, 3, 31))

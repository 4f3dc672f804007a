"""The engine, and a whole run, on Spark Connect: what a classic session gives."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Workspace
from tests.connect import connect_server, through
from tests.generate import hostile_inputs

pytestmark = pytest.mark.long  # a server and clients take a minute to start

AS_OF = date(2024, 5, 31)
PIN = """
import shutil, sys
from pyspark.sql import SparkSession
from jobs.core.sources.source_versions import SourceVersions

spark, folder, read = SparkSession.builder.getOrCreate(), sys.argv[1], SourceVersions()
for cache in ("enabled", "alwaysCacheDataSourceReadsEnabled"):  # of the last few plans
    spark.conf.set(f"spark.connect.session.planCache.{cache}", "false")
rows = spark.sql("SELECT 1 AS a").write.mode("append")
rows.parquet(folder)
read.pin_files("facts", spark.read.parquet(folder))
print(read.changed())
rows.parquet(folder)
print(read.changed())
shutil.rmtree(folder)
print(read.changed())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with connect_server(tmp_path_factory.mktemp("connect")) as address:
        yield address


def test_tables_of_other_values_stand_beside_each_other(side_by_side: dict[str, Any], server: str) -> None:
    found = json.loads(through(server, "-m", "tests.core.pipeline.side_by_side"))

    assert found.pop("session") == "pyspark.sql.connect.session"
    assert found == side_by_side


def test_files_that_are_added_or_gone_are_a_change(server: str, tmp_path: Path) -> None:
    assert through(server, "-c", PIN, tmp_path / "facts").splitlines() == ["[]", "['facts']", "['facts']"]


def test_a_run_publishes_what_a_classic_one_does(workspace: Workspace, server: str) -> None:
    workspace.write_sources(*hostile_inputs(seed=8, as_of=AS_OF))
    workspace.configure(output={"path": "classic"})
    assert workspace.run(AS_OF) == 0

    workspace.configure()
    shown = through(
        *(server, "-m", "jobs.tier_customers", "publish"),
        *("--config", workspace.config, "--as-of", str(AS_OF), "--log-file", workspace.folder / "job.log"),
    )

    assert f"Tiers on {AS_OF}" in shown
    hashes = [workspace.published(output)[0]["content_hashes"] for output in ("classic", "output")]
    assert hashes[1] == hashes[0]

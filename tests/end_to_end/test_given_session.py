"""A session that is given changes no answer, and is left as it was."""

from datetime import date
from typing import Any

from pyspark.sql import SparkSession

from jobs.core.delta.identifiers import Location
from jobs.core.delta.tables import OutputTables
from jobs.core.runtime.pinned import settings_restored
from tests.conftest import Workspace
from tests.end_to_end.test_against_reference import assert_comparison, assert_snapshot
from tests.generate import hostile_inputs
from tests.reference.snapshots import snapshot
from tests.settings import OTHER_VALUES

AS_OF = date(2024, 5, 31)


def estrange(spark: SparkSession) -> None:
    """Gives the session another value of every pinned setting, and views named like the pipeline's tables."""
    for key, value in {**OTHER_VALUES, "spark.sql.session.timeZone": "Pacific/Kiritimati"}.items():
        spark.conf.set(key, value)
    for name in ("fct_revenues", "events", "customer_tiers"):
        spark.sql("SELECT 'mine' AS whose").createOrReplaceTempView(name)


def test_answers_do_not_depend_on_the_settings_of_a_session_which_keeps_them(workspace: Workspace) -> None:
    spark = workspace.spark
    facts, accounts = hostile_inputs(seed=8, as_of=AS_OF)
    workspace.write_sources(facts, accounts)
    with settings_restored(spark):
        estrange(spark)
        before = state(spark)

        workspace.configure()
        assert workspace.run(AS_OF) == 0
        assert state(spark) == before

        missing = {"fct_revenues": {"path": "none"}, "dim_accounts": {"path": "dim_accounts"}}
        workspace.configure(sources=missing)
        assert workspace.run(AS_OF) == 2
        assert state(spark) == before

    # The rows are those of the reference, and their hashes what a usual session makes of them.
    current = snapshot(facts, accounts, AS_OF)
    assert_snapshot(workspace, current)
    assert_comparison(workspace, current, None)
    [run] = workspace.published()
    tables = OutputTables(spark, Location(path=str(workspace.folder / "output")))
    hashed = {
        table: tables.hash_of(table, tables.read_at(table, version).where(f"as_of = DATE '{AS_OF}'"), version)
        for table, version in run["table_versions"].items()
    }
    assert hashed == run["content_hashes"]


def state(spark: SparkSession) -> dict[str, Any]:
    """What of the session is its user's."""
    settings = spark.conf.getAll
    settings.pop("spark.databricks.delta.lastCommitVersionInSession", None)
    views = [table.name for table in spark.catalog.listTables() if table.isTemporary]
    return {
        "settings": settings,
        "place": (spark.catalog.currentCatalog(), spark.catalog.currentDatabase()),
        "views": {name: spark.table(name).collect() for name in views},
    }

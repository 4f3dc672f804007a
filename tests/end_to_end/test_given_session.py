"""A session that is given changes no answer, and is left as it was."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.core.runtime.pinned import settings_restored
from tests.conftest import Workspace
from tests.generate import hostile_inputs
from tests.settings import OTHER_VALUES

AS_OF = date(2024, 5, 31)


@pytest.fixture
def estranged(spark: SparkSession) -> Iterator[Callable[[], None]]:
    """Gives the session another value of every pinned setting; afterwards they are as before."""

    def estrange() -> None:
        for key, value in {**OTHER_VALUES, "spark.sql.session.timeZone": "Pacific/Kiritimati"}.items():
            spark.conf.set(key, value)

    with settings_restored(spark):
        yield estrange


def test_answers_do_not_depend_on_the_settings_of_a_session_which_keeps_them(
    workspace: Workspace, estranged: Callable[[], None]
) -> None:
    spark = workspace.spark
    workspace.write_sources(*hostile_inputs(seed=8, as_of=AS_OF))
    workspace.configure(output={"path": "usual"})
    assert workspace.run(AS_OF) == 0
    usual = workspace.published("usual")[0]["content_hashes"]
    estranged()
    for name in ("fct_revenues", "events", "customer_tiers"):
        spark.sql("SELECT 'mine' AS whose").createOrReplaceTempView(name)
    before = state(spark)

    workspace.configure()
    assert workspace.run(AS_OF) == 0
    assert state(spark) == before

    workspace.configure(sources={"fct_revenues": {"path": "none"}, "dim_accounts": {"path": "dim_accounts"}})
    assert workspace.run(AS_OF) == 2
    assert state(spark) == before
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert workspace.published()[0]["content_hashes"] == usual


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

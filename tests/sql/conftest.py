"""Makes Spark quick on a handful of rows."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

# Compiling a query and planning it anew while it runs take longer here than running it.
SETTINGS = ("spark.sql.codegen.wholeStage", "spark.sql.adaptive.enabled")


@pytest.fixture(scope="package", autouse=True)
def _plain_plans(spark: SparkSession) -> Iterator[None]:
    before = {name: spark.conf.get(name) for name in SETTINGS}
    for name in SETTINGS:
        spark.conf.set(name, "false")
    yield
    for name, value in before.items():
        spark.conf.set(name, str(value))

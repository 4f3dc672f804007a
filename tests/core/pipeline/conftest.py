"""What tables side by side hold on a classic session, which two tests look at."""

from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.core.pipeline.side_by_side import collected


@pytest.fixture(scope="session")
def side_by_side(spark: SparkSession) -> dict[str, Any]:
    return collected(spark)

"""Makes tables older: Delta goes by the times of its log's files, VACUUM by those of the data too."""

import os
from pathlib import Path

from pyspark.sql import SparkSession

from tests.settings import changed_setting

_DAY = 86_400  # seconds


def age(days: int, *folders: Path) -> None:
    """Puts the times of all files below folders back by some days."""
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file():
                modified = file.stat().st_mtime - days * _DAY
                os.utime(file, (modified, modified))


def vacuum(spark: SparkSession, *folders: Path) -> None:
    """VACUUM with default settings of each Delta table right below folders, as platforms run it unasked."""
    # A listing in 10,000 tasks, as it is by default, is for larger tables.
    parallelism = "spark.sql.sources.parallelPartitionDiscovery.parallelism"
    with changed_setting(spark, parallelism, "2"):
        for folder in folders:
            for log in sorted(folder.glob("*/_delta_log")):
                spark.sql(f"VACUUM delta.`{log.parent}`")

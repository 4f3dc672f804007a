"""Ranks narrow rows in one form, twice, and prints the seconds and a checksum of all ranks as JSON.

A program of its own, run by scripts/benchmark_ranking.py: form (plain or counted), peer groups (one or
skewed), Spark master, customers, folder of the rows. These come from a hash of their number: two money
measures, of which one is 0 for 60 customers in 100, and five counts; of the skewed peer groups one has 95
customers in 100.
"""

import json
import sys
import time
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.pipeline import ranking
from jobs.core.runtime.java import use_java
from jobs.core.runtime.resources import resource
from jobs.core.runtime.session import properties

CHANCE = """
CREATE OR REPLACE TEMPORARY FUNCTION chance(id BIGINT, salt INT, size INT) RETURNS BIGINT
RETURN pmod(xxhash64(id, salt), size)
"""
METRICS = {
    "total_revenue": "CAST(if(chance(id, 1, 100) < 60, 0, chance(id, 2, 1000000000) / 100) AS DECIMAL(18,2))",
    "total_gross_margin": "CAST(chance(id, 3, 400000000) / 100 AS DECIMAL(18, 2))",
    "total_events": "chance(id, 4, 40) + chance(id, 5, 40)",
    "events_per_active_month": "(chance(id, 4, 40) + chance(id, 5, 40)) / (1 + chance(id, 6, 12))",
    "distinct_products": "CAST(1 + chance(id, 7, 12) AS INT)",
    "distinct_business_units": "CAST(1 + chance(id, 8, 5) AS INT)",
    "days_since_last_event": "CAST(chance(id, 9, 366) AS INT)",
}
GROUPS = {
    "one": "'{}'",
    "skewed": "if(chance(id, 10, 100) < 95, 'most', concat('group ', chance(id, 11, 20)))",
}


def session(master: str) -> SparkSession:
    """A session with the job's local settings, on another master."""
    use_java()
    local = properties(resource("conf", "spark", "local.conf").read_text())
    settings: dict[str, bool | float | int | str | None] = {**local, "spark.master": master}
    if master.startswith("local-cluster"):
        settings |= {"spark.executor.memory": "3g", "spark.driver.memory": "2g"}
        settings["spark.executor.extraJavaOptions"] = settings["spark.driver.extraJavaOptions"]
    return SparkSession.builder.appName("customer-tiers ranking benchmark").config(map=settings).getOrCreate()


def narrow_rows(spark: SparkSession, customers: int, groups: str, folder: Path) -> DataFrame:
    """The rows to rank, made once."""
    path = folder / f"{customers}-{groups}"
    if not (path / "_SUCCESS").exists():
        spark.sql(CHANCE)
        columns = [f"{sql} AS {name}" for name, sql in METRICS.items()]
        rows = spark.range(0, customers, 1, 16).selectExpr(
            "id AS row_id", f"{GROUPS[groups]} AS peer_group", *columns
        )
        rows.write.mode("overwrite").parquet(str(path))
    return spark.read.parquet(str(path))


def ranked(rows: DataFrame, form: str, customers: int | None) -> DataFrame:
    """The rows with their ranks, by SQL's windows or counted."""
    if form == "plain":
        return rows.select("row_id", *ranking.plain_ranks(list(METRICS)))
    return ranking.ranked(rows, "row_id", list(METRICS), 0, one_group=customers)


def main() -> None:
    """Ranks in the form that is given."""
    form, groups, master, customers, folder = sys.argv[1:6]
    spark = session(master)
    rows = narrow_rows(spark, int(customers), groups, Path(folder))
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        below = [f"{metric}_below" for metric in METRICS]
        ranks = ranked(rows, form, int(customers) if groups == "one" else None).select(
            "row_id", "peers", *below
        )
        checksum = ranks.agg(F.sum(F.xxhash64(*ranks.columns).cast("decimal(38,0)"))).collect()[0][0]
        seconds.append(round(time.perf_counter() - started, 2))
    spark.stop()
    print(json.dumps({"seconds": seconds, "checksum": str(checksum)}))


if __name__ == "__main__":
    main()

"""Whether the engines of the benchmark come to the same scores and tiers."""

import itertools
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
from deltalake import DeltaTable

COMPARED = ("customer_key", "profitability_score", "adherence_score", "tier")
MISMATCHES = """
SELECT count(DISTINCT customer_key)
FROM (
    SELECT customer_key
    FROM (SELECT *, 1 AS side FROM one UNION ALL SELECT *, -1 AS side FROM other)
    GROUP BY customer_key, profitability_score, adherence_score, tier
    HAVING sum(side) <> 0
)
"""


def mismatches(outputs: Path, engine: str, dates: Sequence[date], spill: Path) -> dict[str, int]:
    """How many customers have other scores or another tier, by each other engine that has a result.

    Args:
        outputs: a folder for each engine.
        engine: whose results are compared.
        dates: that were asked for; customers are counted for each.
        spill: folder for what doesn't fit.
    """
    finished = [done.parent.name for done in outputs.glob("*/complete")]
    with duckdb.connect(config={"temp_directory": str(spill)}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        found = dict.fromkeys(sorted(set(finished) - {engine}), 0)
        for other, day in itertools.product(found, dates):
            for side, of in (("one", engine), ("other", other)):
                rows = connection.read_parquet(_files(outputs, of, day)).select(*COMPARED)
                rows.create_view(side, replace=True)
            found[other] += connection.sql(MISMATCHES).fetchall()[0][0]
    return found


def _files(outputs: Path, engine: str, day: date) -> list[str]:
    """The Parquet files of an engine's customer_tiers of a date."""
    output = outputs / engine / "output"
    if engine == "duckdb":
        return [str(output / f"{day}.parquet")]
    if engine == "naive":
        return DeltaTable(output).file_uris()
    return DeltaTable(output / "customer_tiers").file_uris([("as_of", "=", str(day))])

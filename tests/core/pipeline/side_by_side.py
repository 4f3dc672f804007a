"""Tables of two dates and two models at once, on the session of the process, classic or Connect.

Run as a module it prints what they hold.
"""

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.core.config.model import load_model
from jobs.core.pipeline.engine import Engine
from jobs.core.pipeline.features import ROW_ID
from jobs.core.pipeline.scores import Fallback, Size
from jobs.core.runtime.functions import functions
from jobs.core.runtime.session import borrowed_session
from jobs.core.sources.money import PLANNED
from tests.conftest import ACCOUNTS, FACTS, PROFILES, Row, fact
from tests.generate_profiles import profile

DAYS = (date(2024, 9, 30), date(2024, 12, 31))
SHIPPED = load_model("profitability_adherence")
# Over another window too, and with profiles.
VALUE = load_model("value_potential_strategic").model_copy(update={"window_months": 3})
PROFILES_OF_TWO_DATES = [
    profile("Ann", arr="500"),
    profile("Eve", date(2024, 12, 1), arr="900"),  # who has no event
]
FACTS_OF_TWO_DATES = [
    *(fact(customer, day, revenue, customer_id=customer) for customer, day, revenue in (
        ("Ann", "2024-03-01", "100"), ("Ann", "2024-11-01", "50"), ("Bob", "2024-12-15", "20"),
        ("Cid", "2023-10-15", "75"), ("Dee", "2024-09-30", "10"),
    )),
]  # fmt: skip


def collected(spark: SparkSession) -> dict[str, Any]:
    """What the engines' tables hold: rows of each engine's `customer_features`, by how they were collected.

    All are asked for before any is collected: `backwards` in the other order, `from_threads` from four
    threads. And `asked_from_threads`: the columns of `customer_tiers`, asked for from four threads.
    """
    with _engines(spark) as engines:
        frames = [engine.table("customer_features") for engine in engines]
        backwards = [_rows(frame) for frame in reversed(frames)]
        with ThreadPoolExecutor(4) as pool:
            from_threads = list(pool.map(_rows, frames))
        with ThreadPoolExecutor(4) as pool:
            asked = list(pool.map(lambda engine: engine.table("customer_tiers").columns, engines))
    return {"backwards": backwards[::-1], "from_threads": from_threads, "asked_from_threads": asked}


@contextmanager
def _engines(spark: SparkSession) -> Iterator[list[Engine]]:
    """One for each of two dates and two models, all at once."""
    profiles = [row | {"customer_id": row["customer_name"]} for row in PROFILES_OF_TWO_DATES]
    facts, customers = (
        _table(spark, rows, columns).withColumnRenamed("customer_id", "customer_key")
        for rows, columns in ((FACTS_OF_TWO_DATES, FACTS), (profiles, PROFILES))
    )
    sources = {
        "fct_revenues": PLANNED.counted(facts),
        "dim_accounts": spark.createDataFrame([("a1", "active")], ACCOUNTS),
    }
    size = Size(customers=3, plain_up_to=1000)
    of_model: dict[str, dict[str, Any]] = {
        SHIPPED.name: {},
        VALUE.name: {"dim_customers": customers, "fallback": Fallback(SHIPPED, "adherence", size)},
    }
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                Engine(
                    spark,
                    as_of=day,
                    window_months=model.window_months,
                    model=model,
                    key_is_name=True,
                    money_unit=PLANNED.unit,
                    size=size,
                    **sources,
                    **of_model[model.name],
                )
            )
            for day, model in itertools.product(DAYS, (SHIPPED, VALUE))
        ]


def _table(spark: SparkSession, rows: list[Row], columns: str) -> DataFrame:
    names = [column.split()[0] for column in columns.split(", ")]
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows], columns)


def _rows(frame: DataFrame) -> list[dict[str, str]]:
    """Rows as text by customer, but for their ids, which are of one computation."""
    rows = sorted(frame.drop(ROW_ID).collect(), key=lambda row: str(row["customer_key"]))
    return [{name: str(value) for name, value in row.asDict().items()} for row in rows]


if __name__ == "__main__":
    with borrowed_session(__doc__) as session, functions(session):
        print(json.dumps({"session": type(session).__module__, **collected(session)}))

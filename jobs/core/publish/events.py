"""Events of runs, as the table `runs` has them."""

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.delta.tables import OutputTables
from jobs.core.publish.counting import in_order


def events_of(tables: OutputTables, model_name: str | None) -> list[dict[str, Any]]:
    """All events of a model, or of the only one, as they happened."""
    events = tables.read("runs")
    return collected(events if model_name is None else events.where(F.col("model") == model_name))


def collected(events: DataFrame) -> list[dict[str, Any]]:
    """Events as they happened, at microseconds since 1970: in local times one hour of a year comes twice."""
    stamped = events.withColumn("happened_at", F.unix_micros("happened_at"))
    return in_order(row.asDict() for row in stamped.collect())

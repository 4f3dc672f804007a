"""Moments of events: by the clock of the machine, but in one order, though clocks differ and step back."""

from datetime import UTC, datetime

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812


def later_than_all(moments: str) -> Column:
    """Aggregates a column of moments to now, or to a microsecond after the latest of them if that is later.

    Where rows are appended to the table that they are stamped by, reading and writing are one transaction:
    Delta lets no others come between.
    """
    after_all = F.max(moments) + F.expr("INTERVAL 1 MICROSECOND")
    return F.greatest(F.lit(datetime.now(UTC)), after_all)

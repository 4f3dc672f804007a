"""Names in the session that can't meet a user's: of the views and functions that the job makes there."""

import itertools
import uuid
from collections.abc import Iterable

from pyspark.sql import DataFrame, SparkSession

_PROCESS = uuid.uuid4().hex[:12]  # no answer holds it
_NUMBERS = itertools.count(1)
_views: list[str] = []  # those that are there


def make_view(frame: DataFrame, name: str) -> str:
    """Makes a temporary view for `name`; what it is called in the session, which nothing else ever is.

    (Spark Connect looks names up when a plan runs: a name that meant something else by then would be read.)
    """
    view = f"{name}__{_PROCESS}_{next(_NUMBERS)}"
    frame.createOrReplaceTempView(view)
    _views.append(view)
    return view


def drop_views(spark: SparkSession, views: Iterable[str] = _views) -> None:
    """Drops views that make_view made, all that are left unless some are given."""
    for view in reversed(list(views)):
        spark.catalog.dropTempView(view)
        _views.remove(view)


def function_name(name: str) -> str:
    """What a function of sql/functions is called in the session."""
    return f"{name}__{_PROCESS}"

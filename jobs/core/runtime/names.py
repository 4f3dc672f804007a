"""Names in the session that can't meet a user's: of the views and functions that the job makes there."""

import itertools
import re
import uuid
from collections.abc import Iterable, Mapping
from functools import cache

from pyspark.sql import DataFrame, SparkSession

from jobs.core.runtime.resources import resource

_PREFIX = f"customer_tiers_{uuid.uuid4().hex[:12]}"  # of this process; no answer holds it
_NUMBERS = itertools.count(1)
# The names of a query's inputs hold inside it alone. As a subquery nothing but
# a SELECT is valid: it changes no table.
_OVER_INPUTS = "WITH {inputs}\nSELECT * FROM (\n{text}\n)"
_INPUT = "`{name}` AS (TABLE {view})"
# As the SQL of the project names relations; a name that is no view is left as it is.
_RELATION = re.compile(r"\b(FROM|JOIN)(\s+)(\w+)\b(\s+AS\b)?")
_views: list[str] = []  # those that are there


def make_view(frame: DataFrame, name: str) -> str:
    """Makes a temporary view for `name`; what it is called in the session."""
    view = f"{_PREFIX}_{next(_NUMBERS)}_{name}"
    frame.createOrReplaceTempView(view)
    _views.append(view)
    return view


def drop_views(spark: SparkSession, views: Iterable[str] = _views) -> None:
    """Drops views that make_view made, all that are left unless some are given."""
    for view in reversed(list(views)):
        spark.catalog.dropTempView(view)
        _views.remove(view)


def over_views(text: str, views: Mapping[str, str]) -> str:
    """SQL of the project with each view as it is called in the session, AS what the text calls it.

    (As common table expressions, like inputs, views on views took Spark twice as long to analyse.)

    Args:
        text: one SELECT, whose common table expressions aren't called like views.
        views: what each view is called in the session, by its name in the text.
    """

    def called(found: re.Match[str]) -> str:
        clause, space, name, alias = found.groups()
        return f"{clause}{space}{views[name]}{alias or f' AS {name}'}" if name in views else found[0]

    return _RELATION.sub(called, text)


def over_inputs(text: str, views: Mapping[str, str]) -> str:
    """A user's query, which reads views by the names that it knows.

    Args:
        text: one SELECT, however it is written.
        views: what each view is called in the session, by its name in the text.
    """
    inputs = ", ".join(_INPUT.format(name=name, view=view) for name, view in views.items())
    return _OVER_INPUTS.format(inputs=inputs, text=text.strip().rstrip(";"))


def function_name(name: str) -> str:
    """What a function of sql/functions is called in the session."""
    return f"{_PREFIX}_{name}"


def with_functions(text: str) -> str:
    """SQL of the project with the functions of sql/functions as they are called in the session."""
    return _calls().sub(lambda call: function_name(call[0]), text)


@cache
def _calls() -> re.Pattern[str]:
    names = "|".join(file.name.removesuffix(".sql") for file in resource("sql", "functions").iterdir())
    return re.compile(rf"\b(?:{names})(?=\()")

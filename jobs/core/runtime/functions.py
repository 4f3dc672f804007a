"""The SQL functions of sql/functions, under names of the job's own in the session."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from pyspark.sql import SparkSession

from jobs.core.runtime.names import function_name
from jobs.core.runtime.pinned import undone
from jobs.core.runtime.resources import resource


def with_functions(text: str) -> str:
    """SQL of the project with the functions of sql/functions as they are called in the session."""
    return _calls().sub(lambda call: function_name(call[0]), text)


@cache
def _calls() -> re.Pattern[str]:
    names = "|".join(file.name.removesuffix(".sql") for file in resource("sql", "functions").iterdir())
    return re.compile(rf"\b(?:{names})(?=\()")


def define_functions(spark: SparkSession) -> list[str]:
    """Defines those SQL functions of sql/functions that the session lacks; what they are called there."""
    defined = []
    for file in sorted(resource("sql", "functions").iterdir(), key=lambda file: file.name):
        name = function_name(file.name.removesuffix(".sql"))
        if not spark.catalog.functionExists(name):
            spark.sql(with_functions(file.read_text(encoding="utf-8")))
            defined.append(name)
    return defined


@contextmanager
def functions(spark: SparkSession) -> Iterator[None]:
    """The SQL functions of sql/functions are there, and afterwards as before."""
    defined = define_functions(spark)

    def drop() -> None:
        for name in defined:
            spark.sql(f"DROP TEMPORARY FUNCTION {name}")

    with undone(drop):
        yield

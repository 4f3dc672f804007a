"""The SQL functions of sql/functions, under names of the job's own in the session."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import sqlglot
from pyspark.sql import SparkSession

from jobs.core.runtime.names import function_name
from jobs.core.runtime.pinned import undone
from jobs.core.runtime.resources import resource
from jobs.core.runtime.splicing import spliced


def with_functions(text: str) -> str:
    """SQL of the project with the functions of sql/functions as they are called in the session.

    They are found among the text's tokens: strings, comments and quoted names stay as they are.
    """
    return spliced(text, ((start, name, function_name(name)) for name, start in _calls(text)))


@cache  # tokens of all the project's SQL take a tenth of a second
def _calls(text: str) -> tuple[tuple[str, int], ...]:
    """Where the functions are called, or defined, in a text: the name, and where it begins."""
    names = {file.name.removesuffix(".sql") for file in resource("sql", "functions").iterdir()}
    tokens = sqlglot.tokenize(text, read="spark")
    return tuple(
        (token.text, token.start)
        for token, following in itertools.pairwise(tokens)
        if token.token_type == sqlglot.TokenType.VAR
        and following.token_type == sqlglot.TokenType.L_PAREN
        and token.text in names
    )


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

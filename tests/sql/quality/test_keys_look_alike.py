"""What finds keys that look alike: a coarse form of each, and the exact look at those that share one."""

import unicodedata

import pytest
from pyspark.sql import SparkSession

from jobs.core.pipeline.engine import Engine
from jobs.core.quality.letters import accents
from tests.sql.steps import assert_rows, table

FOUND = "customers BIGINT, one_key STRING, other_key STRING"
ACCENTED, PLAIN = accents()


def look(spark: SparkSession, *keys: str, found: tuple[int, str | None, str | None]) -> None:
    features = table(spark, "customer_key STRING", [(key,) for key in keys])
    with Engine(spark, customer_features=features, accented=ACCENTED, plain=PLAIN) as engine:
        assert_rows(engine.table("keys_look_alike"), FOUND, found)


@pytest.mark.parametrize(
    "pair",
    [
        ("9bc0d7e7", "9BC0D7E7"),
        ("Zürich AG", unicodedata.normalize("NFD", "Zürich AG")),
        ("Zürich AG", unicodedata.normalize("NFD", "ZÜRICH ag")),
        ("한국", unicodedata.normalize("NFD", "한국")),
        ("tail", "tail "),
        ("two words", "two\u00a0 words"),
        ("zero", "ze\u200bro"),
        ("Tab é", "\tTab é"),
    ],
    ids=ascii,
)
def test_keys_that_look_alike_are_told(spark: SparkSession, pair: tuple[str, str]) -> None:
    first, last = sorted(pair, key=lambda key: key.encode())
    look(spark, *pair, "another", found=(2, first, last))


def test_keys_that_look_different_are_not_told(spark: SparkSession) -> None:
    look(spark, "Café", "Cafe", "Cafè", "a b", "ab", "한국", "한글", "日本", "日木", found=(0, None, None))


def test_all_customers_with_such_keys_count(spark: SparkSession) -> None:
    look(spark, "b", "B", "B ", "a", "A", "c", found=(5, "A", "a"))

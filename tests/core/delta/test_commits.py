"""Commits are made once, whatever becomes of the answer to them, and tell their own version and rows."""

from collections.abc import Callable, Mapping

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.delta import commits
from jobs.core.delta.commits import MARK, Commit, made_commit, write_once
from jobs.core.delta.identifiers import path_identifier


class LostAnswerError(Exception):
    """What a client sees of a commit of which it doesn't know whether it went through."""


@pytest.fixture(scope="module")
def table(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> str:
    identifier = path_identifier(str(tmp_path_factory.mktemp("commits") / "table"))
    spark.sql(f"CREATE TABLE {identifier} (kind STRING, number INT) USING delta")
    return identifier


def rows(spark: SparkSession, kind: str, count: int) -> DataFrame:
    return spark.range(count).select(F.lit(kind).alias("kind"), F.col("id").cast("int").alias("number"))


def there(spark: SparkSession, table: str, kind: str) -> int:
    return spark.read.table(table).where(F.col("kind") == kind).count()


def latest(spark: SparkSession, table: str) -> int:
    return int(spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").collect()[0]["version"])


def commit_once(spark: SparkSession, table: str, write: Callable[[Mapping[str, str]], None]) -> Commit:
    mark, answered = write_once(spark, table, write)
    return made_commit(spark, table, mark, answered=answered)


def test_a_commit_whose_answer_fails_is_recognised_and_not_made_again(
    spark: SparkSession, table: str
) -> None:
    calls = []

    def write(options: Mapping[str, str]) -> None:
        calls.append(options)
        rows(spark, "lost", 3).writeTo(table).options(**options).append()
        raise LostAnswerError

    assert commit_once(spark, table, write) == Commit(latest(spark, table), 3, answered=False)
    assert (len(calls), there(spark, table, "lost")) == (1, 3)


def test_a_conflict_with_ones_own_commit_does_not_make_it_twice(spark: SparkSession, table: str) -> None:
    def write(options: Mapping[str, str]) -> None:
        rows(spark, "own", 2).writeTo(table).options(**options).append()
        raise LostAnswerError("DELTA_CONCURRENT_TRANSACTION")

    commit_once(spark, table, write)
    assert there(spark, table, "own") == 2

    def write_twice(options: Mapping[str, str]) -> None:
        # As Delta does when the first answer of a store is lost below it.
        for _ in range(2):
            rows(spark, "twice", 2).writeTo(table).options(**options).append()

    commit_once(spark, table, write_twice)
    assert there(spark, table, "twice") == 2


def test_a_commit_that_bears_the_mark_alone_and_is_made_twice_is_told(
    spark: SparkSession, table: str
) -> None:
    def write_twice(options: Mapping[str, str]) -> None:
        for _ in range(2):
            rows(spark, "unseen", 2).writeTo(table).option(MARK, options[MARK]).append()

    versions = [latest(spark, table) + number for number in (1, 2)]
    with pytest.raises(RuntimeError, match="versions {} and {} are one commit made twice".format(*versions)):
        commit_once(spark, table, write_twice)


def test_a_conflict_with_another_run_is_tried_again_and_other_failures_are_not(
    spark: SparkSession, table: str
) -> None:
    failures = [LostAnswerError("DELTA_CONCURRENT_APPEND: another run"), None]

    def write(options: Mapping[str, str]) -> None:
        if failure := failures.pop(0):
            raise failure
        rows(spark, "again", 1).writeTo(table).options(**options).append()

    assert commit_once(spark, table, write) == Commit(latest(spark, table), 1, answered=True)
    assert there(spark, table, "again") == 1

    def fail(_: Mapping[str, str]) -> None:
        raise LostAnswerError("disk full")

    with pytest.raises(LostAnswerError, match="disk full"):
        commit_once(spark, table, fail)


def test_an_empty_commit_has_a_version_of_its_own_also_when_another_run_commits_after_it(
    spark: SparkSession, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = latest(spark, table)
    monkeypatch.setattr(commits, "_RECENT", 1)

    def write(options: Mapping[str, str]) -> None:
        rows(spark, "nobody", 0).writeTo(table).options(**options).overwrite(F.col("kind") == "nobody")
        for _ in range(2):
            rows(spark, "others", 1).writeTo(table).append()

    assert commit_once(spark, table, write) == Commit(before + 1, 0, answered=True)


def test_what_appends_nothing_is_no_commit(spark: SparkSession, table: str) -> None:
    before = latest(spark, table)
    nothing = rows(spark, "nothing", 0)

    with pytest.raises(RuntimeError, match="was written, and its history doesn't know of it"):
        commit_once(spark, table, lambda options: nothing.writeTo(table).option(MARK, options[MARK]).append())

    assert latest(spark, table) == before

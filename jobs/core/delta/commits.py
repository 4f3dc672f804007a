"""Commits to Delta tables that are made once, whatever becomes of the answer to them."""

import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from pyspark.sql import SparkSession

_Result = TypeVar("_Result")
_ATTEMPTS = 8  # of a commit that conflicts with another run's
_CONFLICT = re.compile(r"DELTA_(CONCURRENT|METADATA_CHANGED|PROTOCOL_CHANGED)|Concurrent\w*Exception")
MARK = "userMetadata"  # option of a write, and column of a table's history
_RECENT = 5  # commits in which one's own is looked for first: a table's whole history is long


@dataclass(frozen=True)
class Commit:
    """One commit of a table.

    Attributes:
        version: the table's version that it made.
        rows: in the files that it added.
        answered: whether the write that made it returned; if not, it was found in the log.
    """

    version: int
    rows: int
    answered: bool


def is_conflict(error: BaseException) -> bool:
    """Whether Delta refused a commit because of another run's."""
    return _CONFLICT.search(str(error)) is not None


def retried(change: Callable[[], _Result]) -> _Result:
    """Changes a table's definition, again a few times if another run changes it at the same time."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return change()
        except Exception as error:
            if not is_conflict(error):
                raise
    return change()


def write_once(
    spark: SparkSession, identifier: str, write: Callable[[Mapping[str, str]], None]
) -> tuple[str, bool]:
    """Makes one commit: again if another run's was in its way, and never twice.

    Args:
        spark: the session.
        identifier: of the table.
        write: makes the commit with the options that it is given. By `MARK` the commit is found again in the
            log when the answer to it fails, by the others Delta skips it where it is there already.

    Returns:
        The mark that the commit bears, and whether it was answered; if not, it was found in the log.
    """
    mark = str(uuid.uuid4())
    options = {MARK: mark, "txnAppId": mark, "txnVersion": "1"}
    attempts = _ATTEMPTS
    while True:
        attempts -= 1
        try:
            write(options)
        except Exception as error:
            made = None
            with suppress(Exception):  # what went wrong first is what matters
                made = _find(spark, identifier, mark)
            if made is not None:
                return mark, False
            if not is_conflict(error) or not attempts:
                raise
        else:
            return mark, True


def made_commit(spark: SparkSession, identifier: str, mark: str, *, answered: bool) -> Commit:
    """The commit that write_once made, as the table's history knows it.

    Raises:
        RuntimeError: it doesn't, or knows of two: with the mark alone Delta takes a commit whose first answer
            the store lost for another run's, and makes it again.
    """
    made = _find(spark, identifier, mark)
    if made is None:
        raise RuntimeError(f"{identifier}: was written, and its history doesn't know of it")
    return Commit(*made, answered)


def _find(spark: SparkSession, identifier: str, mark: str) -> tuple[int, int] | None:
    """Version and rows of the commit that bears a mark, if there is one; others may have come after it."""
    for limit in (f" LIMIT {_RECENT}", ""):
        history = spark.sql(f"DESCRIBE HISTORY {identifier}{limit}").collect()
        made = [commit for commit in history if commit[MARK] == mark]
        if len(made) > 1:
            raise RuntimeError(
                f"{identifier}: versions {made[-1]['version']} and {made[0]['version']} are one commit made "
                "twice, whose first answer the store lost: run again, which replaces both"
            )
        if made:
            # A commit without files tells no number of rows.
            rows = (made[0]["operationMetrics"] or {}).get("numOutputRows", 0)
            return int(made[0]["version"]), int(rows)
    return None

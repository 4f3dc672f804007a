"""Settings of Spark in tests: another value for each that the job pins, and others for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from jobs.core.runtime.pinned import PINNED

_FLIPPED = {"true": "false", "false": "true"}
_OTHERS = {
    "CORRECTED": "LEGACY",
    "EXCEPTION": "LAST_WIN",
    "TIMESTAMP_LTZ": "TIMESTAMP_NTZ",
    "STATIC": "DYNAMIC",
    "ANSI": "LEGACY",
    "second": "first",
    "0ms": "1h",
    "_corrupt_record": "bad",
    "versionAsOf": "timestampAsOf",
    "classic": "v2",
    "none": "name",
    "1": "3",
    "2": "7",
}
OTHER_VALUES = {key: {**_FLIPPED, **_OTHERS}[value] for key, value in PINNED.items()}


@contextmanager
def changed_setting(spark: SparkSession, key: str, value: str) -> Iterator[None]:
    """The session with another value of a setting that has one, which it gets back."""
    before = spark.conf.get(key)
    assert before is not None
    spark.conf.set(key, value)
    try:
        yield
    finally:
        spark.conf.set(key, before)

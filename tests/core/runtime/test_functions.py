"""The SQL functions of the project in a session."""

import pytest
from pyspark.sql import SparkSession

from jobs.core.runtime import names
from jobs.core.runtime.functions import functions, with_functions


def test_functions_of_a_user_are_not_replaced(spark: SparkSession) -> None:
    spark.sql("CREATE TEMPORARY FUNCTION divide_half_up(a INT, b INT) RETURNS STRING RETURN 'mine'")
    try:
        with functions(spark):
            ours = spark.sql(with_functions("SELECT divide_half_up(-5, 2) AS q")).collect()[0]["q"]
            theirs = spark.sql("SELECT divide_half_up(-5, 2) AS q").collect()[0]["q"]
        assert (ours, theirs) == (-3, "mine")
    finally:
        spark.sql("DROP TEMPORARY FUNCTION divide_half_up")


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("as_seen(a)", "{as_seen}(a)"),
        ("is_blank (as_seen(a))", "{is_blank} ({as_seen}(a))"),
        ("as_seen(a) = :as_seen", "{as_seen}(a) = :as_seen"),
        ("a = 'as_seen(b)' OR as_seen(a) = 'it''s'", "a = 'as_seen(b)' OR {as_seen}(a) = 'it''s'"),
        (r"a = 'it\'s as_seen(b)' OR as_seen(a)", r"a = 'it\'s as_seen(b)' OR {as_seen}(a)"),
        (r"a RLIKE r'\as_seen(' OR as_seen(a)", r"a RLIKE r'\as_seen(' OR {as_seen}(a)"),
        ('"as_seen(a)" = as_seen(a)', '"as_seen(a)" = {as_seen}(a)'),
        ("-- as_seen(a)\nas_seen(a) /* as_seen(a) */", "-- as_seen(a)\n{as_seen}(a) /* as_seen(a) */"),
        ("SELECT `as_seen`(a), as_seen, as_seen_too(a)", "SELECT `as_seen`(a), as_seen, as_seen_too(a)"),
    ],
)
def test_functions_are_put_in_where_they_are_called_and_nowhere_else(text: str, called: str) -> None:
    ours = {name: names.function_name(name) for name in ("as_seen", "is_blank")}
    assert with_functions(text) == called.format(**ours)


def test_functions_are_gone_afterwards(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_PROCESS", "another_process")
    function = names.function_name("divide_half_up")

    def interrupted() -> None:
        with functions(spark):
            assert spark.catalog.functionExists(function)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not spark.catalog.functionExists(function)

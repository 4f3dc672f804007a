"""Running SQL files as views."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from jobs.core.config.source_columns import source_tables
from jobs.core.pipeline.steps import Steps, functions, literal_rows, say, timed
from jobs.core.runtime import names
from jobs.core.runtime.names import over_views, with_functions
from jobs.core.runtime.resources import resource
from jobs.core.sources.money import PLANNED
from tests.conftest import FACTS, fact

EVENTS = (
    "SELECT * FROM VALUES ('1', 'Ann', DATE '2024-12-30'), ('1', 'Bob', DATE '2024-12-31'), "
    "('2', 'Cid', DATE '2024-12-31') AS t (customer_key, customer_name, event_date)"
)


def views(spark: SparkSession) -> set[str]:
    return {table.name for table in spark.catalog.listTables() if table.isTemporary}


def test_step_reads_the_views_of_the_steps_before_until_the_context_ends(spark: SparkSession) -> None:
    with Steps(spark) as steps:
        steps.view("events", spark.sql(EVENTS))
        assert steps.sql("features", "customer_names").count() == 2
        assert len(views(spark)) == 2
    assert views(spark) == set()


def test_views_are_dropped_after_an_error_too(spark: SparkSession) -> None:
    def fail() -> None:
        with Steps(spark) as steps:
            steps.view("one", spark.range(1))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert views(spark) == set()


def test_views_of_a_user_are_neither_read_nor_replaced(spark: SparkSession) -> None:
    for name in ("events", "customer_names"):
        spark.sql("SELECT 'mine' AS whose").createOrReplaceTempView(name)
    with Steps(spark) as steps:
        steps.view("events", spark.sql(EVENTS))
        assert steps.sql("features", "customer_names").columns == ["customer_key", "customer_name"]
    for name in ("events", "customer_names"):
        assert [row["whose"] for row in spark.table(name).collect()] == ["mine"]


def test_functions_of_a_user_are_not_replaced(spark: SparkSession) -> None:
    spark.sql("CREATE TEMPORARY FUNCTION divide_half_up(a INT, b INT) RETURNS STRING RETURN 'mine'")
    try:
        with functions(spark):
            ours = spark.sql(with_functions("SELECT divide_half_up(-5, 2) AS q")).collect()[0]["q"]
            theirs = spark.sql("SELECT divide_half_up(-5, 2) AS q").collect()[0]["q"]
        assert (ours, theirs) == (-3, "mine")
    finally:
        spark.sql("DROP TEMPORARY FUNCTION divide_half_up")


def test_functions_are_gone_afterwards(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_PREFIX", "another_process")
    function = names.function_name("divide_half_up")

    def interrupted() -> None:
        with functions(spark):
            assert spark.catalog.functionExists(function)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not spark.catalog.functionExists(function)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("SELECT events.a FROM events", "SELECT events.a FROM v1 AS events"),
        ("SELECT e.a FROM events AS e", "SELECT e.a FROM v1 AS e"),
        ("FROM a JOIN events ON a.b = events.b", "FROM a JOIN v1 AS events ON a.b = events.b"),
        ("SELECT events FROM window_events", "SELECT events FROM window_events"),
    ],
)
def test_views_are_read_by_their_names_in_the_session(text: str, read: str) -> None:
    assert over_views(text, {"events": "v1"}) == read


def test_no_common_table_expression_is_called_like_a_step_or_a_source() -> None:
    files = [file for file in Path(str(resource("sql"))).rglob("*.sql") if "mappings" not in file.parts]
    steps = {file.stem for file in files} | set(source_tables())
    named = {
        name
        for file in files
        for name in re.findall(r"(?:WITH |^)(\w+) AS \($", file.read_text(), flags=re.MULTILINE)
    }
    assert len(named) > 20
    assert named.isdisjoint(steps)


def test_values_are_bound_to_the_markers_of_a_step(spark: SparkSession) -> None:
    days = [date(2024, 12, 31), date(2025, 1, 1)]
    facts = spark.createDataFrame([fact(day=str(day)) for day in days], FACTS)
    with Steps(spark, as_of=days[0]) as steps:
        counted = PLANNED.counted(facts)
        steps.view("fct_revenues", counted.withColumn("customer_key", counted["customer_id"]))
        events = steps.sql("activity", "events")
        assert [row["event_date"] for row in events.collect()] == days[:1]


def test_values_can_be_bound_between_steps(spark: SparkSession) -> None:
    with Steps(spark, as_of=date(2024, 12, 31), products_are_coded=True) as steps:
        steps.view("window_events", spark.sql("SELECT 'Ann' AS customer_key, 'Basic' AS product"))
        before = steps.sql("activity", "customer_products")
        steps.bind(products_are_coded=False)
        after = steps.sql("activity", "customer_products")
        assert (before.count(), after.count()) == (0, 1)


def test_literal_rows_are_as_given_in_their_types(spark: SparkSession) -> None:
    types = {"name": "string", "position": "int", "weight": "decimal(5,4)"}
    rows = [("it's", 1, Decimal("0.55")), ("a\\b\n", 2, Decimal("0.0001"))]
    frame = literal_rows(spark, types, rows)
    assert dict(frame.dtypes) == types
    assert [tuple(row) for row in frame.collect()] == rows


def test_failing_step_is_named(spark: SparkSession) -> None:
    with pytest.raises(AnalysisException) as failed, Steps(spark) as steps:
        steps.sql("features", "customer_names")
    assert failed.value.__notes__ == ["in sql/features/customer_names.sql"]


def test_every_sql_file_has_a_name_of_its_own() -> None:
    stages = [folder for folder in resource("sql").iterdir() if folder.is_dir() and folder.name != "mappings"]
    called = [file.name for stage in stages for file in stage.iterdir()]
    assert len(called) > 10
    assert len(called) == len(set(called))


def test_words_for_people_keep_off_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    say("Reading")
    with timed("customer_tiers") as rows:
        rows.append(1234567)
    with timed("Spark session"):
        pass
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "Reading",
        "  customer_tiers               1,234,567 rows      0.0 s",
        "  Spark session                                    0.0 s",
    ]

"""Making the tables of the plan that are asked for."""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.pipeline import step
from jobs.core.pipeline.engine import Engine
from jobs.core.pipeline.plan import STEPS
from jobs.core.pipeline.relations import Value, as_run, reads
from jobs.core.pipeline.step import made, sql
from jobs.core.sources.money import PLANNED
from tests.conftest import CHECKOUT, FACTS, fact
from tests.core.pipeline.side_by_side import DAYS, SHIPPED, VALUE

EVENTS = (
    "SELECT * FROM VALUES ('1', 'Ann', DATE '2024-12-30'), ('1', 'Bob', DATE '2024-12-31'), "
    "('2', 'Cid', DATE '2024-12-31') AS t (customer_key, customer_name, event_date)"
)

OF_DATE: dict[str, Any] = {"as_of": DAYS[1], "window_months": 12}


def views(spark: SparkSession) -> set[str]:
    return {table.name for table in spark.catalog.listTables() if table.isTemporary}


def test_a_table_has_the_views_that_it_needs_and_no_others_until_the_context_ends(
    spark: SparkSession,
) -> None:
    with Engine(spark, **OF_DATE, key_is_name=False, events=spark.sql(EVENTS)) as engine:
        assert engine.table("customer_names").count() == 2
        assert {name.split("__")[0] for name in views(spark)} == {"events", "snapshot_dates"}
    assert views(spark) == set()


def test_views_are_dropped_after_an_error_too(spark: SparkSession) -> None:
    def fail() -> None:
        with Engine(spark, **OF_DATE, key_is_name=False, events=spark.sql(EVENTS)) as engine:
            engine.table("customer_names")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert views(spark) == set()


def test_views_of_a_user_are_neither_read_nor_replaced(spark: SparkSession) -> None:
    for name in ("events", "customer_names"):
        spark.sql("SELECT 'mine' AS whose").createOrReplaceTempView(name)
    with Engine(spark, **OF_DATE, key_is_name=False, events=spark.sql(EVENTS)) as engine:
        assert engine.table("customer_names").columns == ["as_of", "customer_key", "customer_name"]
    for name in ("events", "customer_names"):
        assert [row["whose"] for row in spark.table(name).collect()] == ["mine"]


def test_a_table_is_made_once(spark: SparkSession) -> None:
    with Engine(spark, **OF_DATE, key_is_name=False, events=spark.sql(EVENTS)) as engine:
        assert engine.table("customer_names") is engine.table("customer_names")


def test_what_is_given_wins_over_what_a_step_makes(spark: SparkSession) -> None:
    with Engine(
        spark, **OF_DATE, key_is_name=False, events=spark.sql(EVENTS), customer_names=spark.range(7)
    ) as engine:
        assert engine.table("customer_names").count() == 7


def test_what_cannot_be_made_says_what_lacks(spark: SparkSession) -> None:
    with Engine(spark, as_of=DAYS[0]) as engine:
        for name, lacking in (
            ("customer_accounts", "dim_accounts, fct_revenues, window_months"),
            ("tier_migration", "dim_accounts, fct_revenues, list_unchanged, model"),
            ("fct_revenues", "fct_revenues"),
        ):
            with pytest.raises(LookupError, match=rf"^{name}: can't be made: must be given: {lacking}"):
                engine.table(name)


def test_tables_that_the_values_rule_out_are_left_out(spark: SparkSession) -> None:
    with Engine(spark, **OF_DATE, key_is_name=True, events=spark.sql(EVENTS)) as engine:
        assert list(engine.tables(["customer_names", "events"])) == ["events"]
        with pytest.raises(LookupError, match=r"^customer_names: can't be made: these values rule it out"):
            engine.table("customer_names")


def test_values_are_bound_to_the_markers_of_a_step(spark: SparkSession) -> None:
    facts = spark.createDataFrame([fact(day=str(day)) for day in DAYS], FACTS)
    counted = PLANNED.counted(facts)
    keyed = counted.withColumn("customer_key", counted["customer_id"])
    with Engine(spark, as_of=DAYS[0], fct_revenues=keyed) as engine:
        assert [row["event_date"] for row in engine.table("events").collect()] == [DAYS[0]]
    with Engine(spark, as_of_dates=DAYS, fct_revenues=keyed) as engine:
        assert sorted(row["event_date"] for row in engine.table("events").collect()) == list(DAYS)


def test_a_failing_step_is_named(spark: SparkSession, caplog: pytest.LogCaptureFixture) -> None:
    with (
        pytest.raises(AnalysisException) as failed,
        Engine(spark, **OF_DATE, key_is_name=False, events=spark.range(1)) as engine,
    ):
        engine.table("customer_names")
    assert failed.value.__notes__ == ["in sql/features/customer_names.sql"]
    assert "customer_names failed:" in caplog.text
    assert "FROM events__" in caplog.text, "with its SQL, as it was run"


def test_a_failing_step_of_a_function_is_named(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(events: DataFrame) -> DataFrame:
        raise ValueError(str(events.columns))

    monkeypatch.setitem(STEPS, "broken", made(broken))
    with (
        pytest.raises(ValueError, match="customer_key") as failed,
        Engine(spark, events=spark.sql(EVENTS)) as e,
    ):
        e.table("broken")
    assert failed.value.__notes__ == ["in step broken"]


def test_a_new_view_is_its_sql_file_and_one_line_of_the_plan(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(CHECKOUT / "sql", tmp_path / "sql")
    text = "SELECT count(*) AS customers\nFROM customer_names\nWHERE customer_name > :above\n"
    (tmp_path / "sql/features/counted_names.sql").write_text(text)
    monkeypatch.setattr(step, "resource", tmp_path.joinpath)
    monkeypatch.setitem(STEPS, "counted_names", sql("features", "counted_names"))
    with Engine(spark, **OF_DATE, key_is_name=False, events=spark.sql(EVENTS), above="Bz") as engine:
        assert engine.table("counted_names").collect()[0]["customers"] == 1


# By hand, from side_by_side: each customer's revenue and ARR, of both dates and models. The second model has
# a window of three months, and profiles; where they have no ARR revenue of a window with events does.
EXPECTED = [
    {"Ann": ("100.00", None), "Cid": ("75.00", None), "Dee": ("10.00", None)},
    {"Ann": ("0.00", "500.0000"), "Cid": ("0.00", "None"), "Dee": ("10.00", "10.0000")},
    {"Ann": ("150.00", None), "Bob": ("20.00", None), "Cid": ("0.00", None), "Dee": ("10.00", None)},
    {
        "Ann": ("50.00", "500.0000"),
        "Bob": ("20.00", "20.0000"),
        "Cid": ("0.00", "None"),
        "Dee": ("0.00", "None"),
        "Eve": ("0.00", "900.0000"),
    },
]


def test_tables_of_other_values_stand_beside_each_other(side_by_side: dict[str, Any]) -> None:
    for how in ("backwards", "from_threads"):
        found = [
            {row["customer_key"]: (row["total_revenue"], row.get("arr")) for row in rows}
            for rows in side_by_side[how]
        ]
        assert found == EXPECTED, how
    scores = [
        [name for name in columns if name in {*SHIPPED.score_columns, *VALUE.score_columns}]
        for columns in side_by_side["asked_from_threads"]
    ]
    assert scores == [list(model.score_columns) for model in (SHIPPED, VALUE)] * len(DAYS)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("SELECT events.a FROM events", "SELECT events.a FROM v1 AS events"),
        ("SELECT e.a FROM events AS e", "SELECT e.a FROM v1 AS e"),
        (
            "SELECT 1 AS a FROM one JOIN events ON one.b = events.b",
            "SELECT 1 AS a FROM v2 AS one JOIN v1 AS events ON one.b = events.b",
        ),
        ("SELECT events FROM one", "SELECT events FROM v2 AS one"),
        (
            "SELECT 'FROM events' AS a /* FROM events */ FROM one -- FROM events",
            "SELECT 'FROM events' AS a /* FROM events */ FROM v2 AS one -- FROM events",
        ),
        (
            "WITH one AS (SELECT 1 AS a FROM events) SELECT one.a FROM one",
            "WITH one AS (SELECT 1 AS a FROM v1 AS events) SELECT one.a FROM one",
        ),
        (
            "SELECT /*+ SHUFFLE_HASH(one) */ a FROM events AS one",
            "SELECT /*+ SHUFFLE_HASH(one) */ a FROM v1 AS one",
        ),
        (
            "SELECT a FROM one WHERE a IN (SELECT a FROM events)",
            "SELECT a FROM v2 AS one WHERE a IN (SELECT a FROM v1 AS events)",
        ),
    ],
)
def test_relations_are_read_by_their_names_in_the_session(text: str, read: str) -> None:
    assert as_run(text, {"events": "v1", "one": "v2"}, {}) == read


def test_the_markers_of_a_text_are_found() -> None:
    assert reads("SELECT a FROM b WHERE c > :as_of AND d = :as_of - :months").markers == {"as_of", "months"}


def test_a_value_in_the_text_is_what_it_is_where_spark_binds_it(spark: SparkSession) -> None:
    values: dict[str, Value] = {
        "nothing": None,
        "yes": True,
        "few": -3,
        "many": 2**40,
        "unit": Decimal("0.0100"),
        "whole": Decimal(60),
        "day": date(2024, 2, 29),
        "words": "O'Neil's \\ \n ${env:HOME} :day -- /* \"a\" */ `é`",
    }
    text = f"SELECT {', '.join(f'-- :{name}{chr(10)}:{name} AS {name}' for name in values)}"
    written = spark.sql(as_run(text, {}, values))
    bound = spark.range(1).select(*(F.lit(value).alias(name) for name, value in values.items()))
    assert written.collect()[0].asDict() == values
    assert written.schema == bound.schema


def test_a_value_that_is_subtracted_begins_no_comment() -> None:
    assert (
        as_run("SELECT 1 -:few AS a FROM one", {"one": "v"}, {"few": -3})
        == "SELECT 1 -(-3) AS a FROM v AS one"
    )

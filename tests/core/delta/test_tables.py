"""Delta tables: how they are made, replaced, hashed and read by others."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, DataFrameWriterV2, Observation, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.published_tables import TableDefinition
from jobs.core.delta.identifiers import Location, path_identifier, quoted
from jobs.core.delta.tables import OutputTables
from jobs.core.delta.written import Total, WrittenTable, content_hash
from jobs.core.runtime.errors import ConfigurationError

FIRST, SECOND = date(2024, 6, 30), date(2024, 12, 31)
COLUMNS = "as_of DATE, run_id STRING, customer_key STRING, revenue BIGINT, note STRING"
LAYOUT = TableDefinition(
    comment="One row per customer; it's a \\ test",
    columns={"as_of": "The date", "customer_key": 'The customer\'s "key"', "bonus": "Added later"},
    not_null=("as_of", "customer_key"),
    checks={"revenue_counted": "revenue >= 0"},
)


def frame(
    spark: SparkSession, *rows: tuple[Any, ...], as_of: date = FIRST, run_id: str = "run 1"
) -> DataFrame:
    return spark.createDataFrame([(as_of, run_id, *row) for row in rows], COLUMNS).coalesce(1)


def rows_of(table: DataFrame) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in table.select("as_of", "run_id", "customer_key", "revenue")
        .orderBy("as_of", "customer_key")
        .collect()
    ]


@pytest.fixture(scope="module")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> OutputTables:
    """A folder whose name has spaces and quotes."""
    folder = tmp_path_factory.mktemp("tables") / 'it\'s "the" output; 100%'
    return OutputTables(spark, Location(path=str(folder)))


@pytest.fixture(scope="module")
def written(spark: SparkSession, tables: OutputTables) -> WrittenTable:
    """The table that the tests below read; those that write leave it as it is, or write others."""
    rows = frame(spark, ("a", 1, None), ("b", 2, "x"), ("c", 3, None))
    tables.create("scored", rows.schema.fields, LAYOUT)
    later = frame(spark, ("a", 9, None), as_of=SECOND)
    tables.replace("scored", {SECOND: "run 1"}, later)
    return tables.replace("scored", {FIRST: "run 1"}, rows)[FIRST]


def test_replacing_tells_version_rows_and_hash_of_its_snapshot_alone(
    tables: OutputTables, written: WrittenTable
) -> None:
    assert (written.version, written.rows) == (2, 3)
    assert written.content_hash not in {"0", ""}
    assert rows_of(tables.read_written("scored", FIRST, written)) == [
        (FIRST, "run 1", "a", 1),
        (FIRST, "run 1", "b", 2),
        (FIRST, "run 1", "c", 3),
    ]
    assert rows_of(tables.read("scored"))[-1] == (SECOND, "run 1", "a", 9)


def test_replacing_again_in_another_order_gives_the_same_hash_and_rows(
    spark: SparkSession, tables: OutputTables, written: WrittenTable
) -> None:
    rows = frame(spark, ("c", 3, None), ("b", 2, "x"), ("a", 1, None), run_id="run 2").repartition(3)
    again = tables.replace("scored", {FIRST: "run 2"}, rows)[FIRST]
    assert again == replace(written, version=3, run_id="run 2")
    assert tables.read("scored").count() == 4

    # What `written` published is in the table's history only now, and still found.
    published = tables.read_written("scored", FIRST, written)
    assert rows_of(published)[0] == (FIRST, "run 1", "a", 1)
    assert published.count() == 3
    assert tables.read_written("scored", FIRST, again).count() == 3


def test_rows_of_another_date_are_refused(
    spark: SparkSession, tables: OutputTables, written: WrittenTable
) -> None:
    with pytest.raises(AnalysisException, match="DELTA_REPLACE_WHERE_MISMATCH"):
        tables.replace("scored", {SECOND: "run 1"}, frame(spark, ("a", 1, None), as_of=FIRST))
    assert written.rows == 3


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ((None, 1, None), "NOT NULL constraint violated for column: customer_key"),
        (("a", -1, None), "CHECK constraint revenue_counted"),
    ],
)
@pytest.mark.usefixtures("written")
def test_constraints_are_enforced(
    spark: SparkSession, tables: OutputTables, row: tuple[Any, ...], told: str
) -> None:
    with pytest.raises(AnalysisException, match=told):
        tables.replace("scored", {FIRST: "run 1"}, frame(spark, row))


@pytest.mark.usefixtures("written")
def test_comments_are_there_for_readers(spark: SparkSession, tables: OutputTables) -> None:
    identifier = tables.location.identifier("scored")
    detail = spark.sql(f"DESCRIBE DETAIL {identifier}").collect()[0]
    assert detail["description"] == LAYOUT.comment
    assert detail["partitionColumns"] == ["as_of"]
    comments = {field.name: field.metadata["comment"] for field in tables.read("scored").schema}
    assert comments["customer_key"] == LAYOUT.columns["customer_key"]
    assert all(comments.values())


@pytest.mark.usefixtures("written")
def test_every_reader_can_open_the_table(tables: OutputTables) -> None:
    table = DeltaTable(f"{tables.location.path}/scored")
    protocol = table.protocol()
    assert protocol.min_reader_version == 1
    assert protocol.reader_features is None
    assert table.metadata().configuration == {
        "delta.enableDeletionVectors": "false",
        "delta.columnMapping.mode": "none",
        "delta.checkpointPolicy": "classic",
        "delta.dataSkippingNumIndexedCols": "0",
        "delta.logRetentionDuration": "interval 18250 days",
        "delta.deletedFileRetentionDuration": "interval 18250 days",
        "delta.isolationLevel": "Serializable",
        "delta.setTransactionRetentionDuration": "interval 30 days",
        "delta.appendOnly": "false",
        "delta.enableChangeDataFeed": "false",
        "delta.enableInCommitTimestamps": "false",
        "delta.enableRowTracking": "false",
        "customer_tiers.layout": "3",
        "delta.enableTypeWidening": "false",
        "delta.constraints.revenue_counted": "(revenue >= 0) IS NOT FALSE",
    }
    assert table.to_pyarrow_table().num_rows == 4


@pytest.mark.usefixtures("written")
def test_changed_types_are_refused_all_at_once(spark: SparkSession, tables: OutputTables) -> None:
    changed = frame(spark).withColumn("revenue", F.lit("1")).withColumn("note", F.lit(1))
    with pytest.raises(ConfigurationError) as refused:
        tables.create("scored", changed.schema.fields, LAYOUT)
    assert refused.value.problems == (
        "scored.revenue: must stay BIGINT, the type it was published in, got STRING; "
        "publish to another output",
        "scored.note: must stay STRING, the type it was published in, got INT; publish to another output",
    )


def test_new_columns_are_added_and_old_ones_stay(spark: SparkSession, tables: OutputTables) -> None:
    old = frame(spark, ("a", 1, "x")).drop("revenue")
    new = frame(spark, ("a", 1, "x"), as_of=SECOND).drop("revenue", "note").withColumn("bonus", F.lit(1))
    layout = replace(LAYOUT, checks={}, not_null=("as_of", "bonus"))
    tables.create("grown", old.schema.fields, replace(layout, not_null=("as_of",)))
    tables.append("grown", old)
    tables.create("grown", new.schema.fields, layout)
    tables.append("grown", new)
    table = tables.read("grown")
    assert table.columns == ["as_of", "run_id", "customer_key", "note", "bonus"]
    assert table.schema["bonus"].metadata["comment"] == "Added later"
    found = table.orderBy("as_of").select("as_of", "note", "bonus").collect()
    assert [tuple(row) for row in found] == [(FIRST, "x", None), (SECOND, None, 1)]


@pytest.mark.usefixtures("written")
def test_columns_are_described_in_the_words_of_today(spark: SparkSession, tables: OutputTables) -> None:
    fields = frame(spark).schema.fields
    tables.create("described", fields, LAYOUT)
    later = OutputTables(spark, tables.location)
    now = {**LAYOUT.columns, "customer_key": "It's the customer's key", "revenue": "In cents"}

    later.create("described", fields, replace(LAYOUT, columns=now))

    comments = {field.name: field.metadata.get("comment") for field in later.read("described").schema}
    assert comments["customer_key"] == "It's the customer's key"
    assert comments["as_of"] == "The date"
    assert comments["revenue"] == "In cents"
    version = later.version("described")
    OutputTables(spark, tables.location).create("described", fields, replace(LAYOUT, columns=now))
    assert later.version("described") == version, "nothing is told twice"


def test_column_that_is_published_no_more_becomes_null_in_spite_of_its_check(
    spark: SparkSession, tables: OutputTables
) -> None:
    third = date(2025, 6, 30)
    rows = frame(spark, ("a", 1, None), as_of=third).drop("revenue")
    assert tables.replace("scored", {third: "run 1"}, rows)[third].rows == 1


def test_empty_snapshot_has_no_rows_and_the_hash_0(spark: SparkSession, tables: OutputTables) -> None:
    tables.create("empty", frame(spark).schema.fields, LAYOUT)
    assert tables.replace("empty", {FIRST: "run 1"}, frame(spark))[FIRST] == WrittenTable(1, 0, "0", "run 1")


def test_a_table_that_an_earlier_version_made_gets_its_history_and_lost_constraints(
    spark: SparkSession, tables: OutputTables
) -> None:
    fields = frame(spark).schema.fields
    tables.create("older", fields, LAYOUT)
    older = tables.location.identifier("older")
    spark.sql(f"ALTER TABLE {older} UNSET TBLPROPERTIES ('delta.deletedFileRetentionDuration')")
    spark.sql(f"ALTER TABLE {older} DROP CONSTRAINT revenue_counted")

    OutputTables(spark, tables.location).create("older", fields, LAYOUT)

    properties = tables.properties("older") or {}
    assert properties["delta.deletedFileRetentionDuration"] == properties["delta.logRetentionDuration"]
    with pytest.raises(AnalysisException, match="CHECK constraint revenue_counted"):
        tables.replace("older", {FIRST: "run 1"}, frame(spark, ("a", -1, None)))


def test_tables_that_are_as_defined_are_asked_for_nothing_but_get_what_they_lack(
    spark: SparkSession, tables: OutputTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.create("known", frame(spark).schema.fields, LAYOUT)
    known = OutputTables(spark, tables.location)
    known.are_as_defined = True
    asked = []
    properties = OutputTables.properties

    def asking(self: OutputTables, table: str) -> dict[str, str] | None:
        asked.append(table)
        return properties(self, table)

    monkeypatch.setattr(OutputTables, "properties", asking)
    known.create("known", frame(spark).schema.fields, LAYOUT)
    assert asked == []

    more = frame(spark).withColumn("bonus", F.lit(1))
    known.create("known", more.schema.fields, LAYOUT)
    known.create("new", more.schema.fields, LAYOUT)
    assert asked == ["known", "new"]
    assert known.read("known").columns == known.read("new").columns == more.columns
    with pytest.raises(ConfigurationError, match=r"known\.revenue: must stay BIGINT"):
        known.create("known", more.withColumn("revenue", F.lit("1")).schema.fields, LAYOUT)


def test_a_working_table_may_lose_its_old_versions(spark: SparkSession, tables: OutputTables) -> None:
    tables.create("working", frame(spark).schema.fields, replace(LAYOUT, keeps_history=False))
    assert "delta.deletedFileRetentionDuration" not in (tables.properties("working") or {})


@pytest.mark.usefixtures("written")
def test_several_dates_are_one_commit_and_counted_apart(spark: SparkSession, tables: OutputTables) -> None:
    days = [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]
    totals = {"revenue": Total(F.col("revenue") * 10)}
    january, march = (
        frame(spark, ("a", 1, None), ("b", 2, "x"), as_of=days[0]),
        frame(spark, ("a", 4, None), as_of=days[2]),
    )
    alone = [
        tables.replace("scored", {day: "run 1"}, rows, totals)[day]
        for day, rows in ((days[0], january), (days[2], march))
    ]
    tables.replace("scored", {days[1]: "run 1"}, frame(spark, ("gone", 1, None), as_of=days[1]))

    together = tables.replace("scored", dict.fromkeys(days, "run 1"), january.union(march), totals)

    version = alone[0].version + 3
    assert together == {
        days[0]: replace(alone[0], version=version),
        days[1]: WrittenTable(version, 0, "0", "run 1", {"revenue": None}),
        days[2]: replace(alone[1], version=version),
    }
    assert tables.read("scored").where(F.col("as_of") == days[1]).isEmpty()
    with pytest.raises(AnalysisException, match="DELTA_REPLACE_WHERE_MISMATCH"):
        tables.replace("scored", dict.fromkeys(days[:2], "run 1"), january.union(march), totals)


@pytest.mark.usefixtures("written")
def test_what_a_stage_that_ran_twice_added_up_is_counted_again_from_what_was_written(
    spark: SparkSession, tables: OutputTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    fourth = date(2025, 12, 31)
    rows = frame(spark, ("a", 1, None), ("b", 2, "x"), as_of=fourth)
    totals = {"revenue": Total(F.col("revenue") * 10), "least": Total(F.col("customer_key"), F.min)}
    once = tables.replace("scored", {fourth: "run 1"}, rows, totals)[fourth]
    seen = vars(Observation)["get"].fget

    def twice(observation: Observation) -> dict[str, Any]:
        found = seen(observation)
        return {**found, "rows": 2 * found["rows"], "revenue": 2 * found["revenue"], "content_hash": "1"}

    monkeypatch.setattr(Observation, "get", property(twice))

    again = tables.replace("scored", {fourth: "run 1"}, rows, totals)[fourth]

    assert once.totals == {"revenue": 30, "least": "a"}
    assert again == replace(once, version=once.version + 1)


@pytest.mark.usefixtures("written")
def test_rows_of_a_new_date_are_appended_and_read_as_one_run_wrote_them(
    spark: SparkSession, tables: OutputTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifth, totals = date(2026, 6, 30), {"revenue": Total(F.col("revenue"))}
    rows = {run: frame(spark, ("a", place, None), as_of=fifth, run_id=run) for place, run in enumerate("xyz")}

    def write(run: str, rows: DataFrame, *, are_new: bool = True) -> WrittenTable:
        return tables.replace("scored", {fifth: run}, rows, totals, are_new=are_new)[fifth]

    # The second began when the first had looked, and replaces before the first appends.
    found = [write("x", rows["x"], are_new=False), write("y", rows["y"])]

    assert [each.totals["revenue"] for each in found] == [0, 1]
    assert [rows_of(tables.read_written("scored", fifth, each)) for each in found] == [
        [(fifth, "x", "a", 0)],
        [(fifth, "y", "a", 1)],
    ]
    assert tables.read("scored").where(F.col("as_of") == fifth).count() == 2
    history = spark.sql(f"DESCRIBE HISTORY {tables.location.identifier('scored')} LIMIT 2").collect()
    assert [commit["operationParameters"]["mode"] for commit in history] == ["Append", "Overwrite"]
    assert write("nobody", rows["x"].limit(0)) == WrittenTable(
        found[1].version, 0, "0", "nobody", {"revenue": None}
    )

    append = DataFrameWriterV2.append

    def unanswered(writer: DataFrameWriterV2) -> None:
        append(writer)
        raise RuntimeError("the connection was reset")

    with monkeypatch.context() as patched:
        patched.setattr(DataFrameWriterV2, "append", unanswered)
        assert write("z", rows["z"]).totals == {"revenue": 2}

    with pytest.raises(RuntimeError, match="rows of other dates or runs"):
        write("z", rows["x"])

    # A run that isn't the first replaces what all have written.
    again = write("x", rows["x"], are_new=False)
    assert (again.content_hash, again.rows) == (found[0].content_hash, 1)
    assert tables.read("scored").where(F.col("as_of") == fifth).count() == 1


@pytest.mark.usefixtures("written")
def test_table_that_is_not_there_is_told_from_one_that_is(tables: OutputTables) -> None:
    assert tables.properties("nothing") is None
    assert (tables.properties("scored") or {})["delta.checkpointPolicy"] == "classic"


# Hashes


def hash_of(rows: DataFrame) -> str:
    return str(rows.agg(content_hash(rows).in_one()).collect()[0][0])


def test_hash_depends_on_every_value_but_not_on_order_partitions_or_run(spark: SparkSession) -> None:
    rows = [("a", 1, None), ("b", None, "x")]
    same = {
        "again": frame(spark, *rows),
        "order": frame(spark, *rows[::-1]),
        "partitions": frame(spark, *rows).repartition(3),
        "run": frame(spark, *rows, run_id="run 2"),
    }
    other = {
        "value": frame(spark, ("a", 2, None), rows[1]),
        "null for a value": frame(spark, ("a", None, None), rows[1]),
        "null in another column": frame(spark, ("a", 1, "x"), ("b", None, None)),
        "values swapped between rows": frame(spark, ("b", 1, None), ("a", None, "x")),
        "date": frame(spark, *rows, as_of=SECOND),
        "row missing": frame(spark, rows[0]),
        "row twice": frame(spark, *rows, rows[0]),
        "each row twice": frame(spark, *rows, *rows),
        "blank for null": frame(spark, ("a", 1, ""), rows[1]),
    }
    cases = {**same, **other}
    named = [each.withColumn("name", F.lit(name)) for name, each in cases.items()]
    together = reduce(DataFrame.unionAll, named)
    hashes: dict[str, str] = dict(
        together.groupBy("name").agg(content_hash(same["again"]).in_one()).collect()
    )
    assert len({hashes.pop(name) for name in same}) == 1
    assert len(set(hashes.values())) == len(other)
    assert hash_of(same["again"]) not in hashes.values()


def test_hash_tells_which_of_two_columns_is_null(spark: SparkSession) -> None:
    left, right = (spark.sql(f"SELECT {a} AS a, {b} AS b") for a, b in (("'x'", "NULL"), ("NULL", "'x'")))
    as_text = [each.selectExpr("CAST(a AS STRING) AS a", "CAST(b AS STRING) AS b") for each in (left, right)]
    assert hash_of(as_text[0]) != hash_of(as_text[1])


# Places


def test_names_are_quoted_part_by_part() -> None:
    assert quoted("spark_catalog.my schema.t`able") == "`spark_catalog`.`my schema`.`t``able`"
    assert path_identifier("/data/it`s") == "delta.`/data/it``s`"


def test_each_of_several_models_has_a_place_of_its_own() -> None:
    assert Location(path="/data/out").of_model("value") == Location(path="/data/out/value")
    assert Location(schema="main.tiers").of_model("value") == Location(schema="main.tiers_value")


def test_location_is_named_for_people() -> None:
    assert str(Location(path="/data/out")) == "/data/out"
    assert str(Location(schema="main.tiers")) == "schema main.tiers"


@pytest.fixture
def schema(spark: SparkSession, tmp_path: Path) -> Iterator[str]:
    # Made here, or it would lie in the working folder.
    spark.sql(f"CREATE SCHEMA tiers_of_tests LOCATION '{tmp_path}'")
    yield "spark_catalog.tiers_of_tests"
    spark.sql("DROP SCHEMA tiers_of_tests CASCADE")


def test_tables_can_lie_in_a_schema_of_a_catalog(spark: SparkSession, schema: str) -> None:
    tables = OutputTables(spark, Location(schema=schema))
    rows = frame(spark, ("a", 1, None))
    assert tables.properties("scored") is None
    tables.create("scored", rows.schema.fields, LAYOUT, {"holds": "model x"})
    written = tables.replace("scored", {FIRST: "run 1"}, rows)[FIRST]
    assert written.rows == 1
    assert rows_of(spark.table("tiers_of_tests.scored")) == [(FIRST, "run 1", "a", 1)]
    assert (tables.properties("scored") or {})["holds"] == "model x"

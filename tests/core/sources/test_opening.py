"""Sources of every format, as the SQL reads them."""

import csv
import gzip
import json
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.settings import load_settings
from jobs.core.config.source_columns import source_tables
from jobs.core.runtime.errors import BadDataError, ConfigurationError
from jobs.core.sources.opening import open_sources
from jobs.core.sources.read_errors import read_errors_told
from jobs.core.sources.source_versions import SourceVersions
from tests.aging import age
from tests.settings import changed_setting

COLUMNS = [
    "customer_name",
    "business_unit",
    "product",
    "event_date",
    "total_revenue",
    "total_gross_margin",
    "event_count",
    "cs_representative",
    "region",
    "account_id",
]
PLAIN = {
    **dict.fromkeys(COLUMNS, "text"),
    "event_date": "2024-12-31",
    "total_revenue": "1",
    "total_gross_margin": "1",
    "event_count": "1",
}
CSV = {"path": "facts.csv", "format": "csv"}
ACCOUNTS = {"path": "accounts.csv", "format": "csv"}
# One row per line: event_date, total_revenue, total_gross_margin, event_count.
TYPED = """
    SELECT id AS customer_name, 'unit' AS business_unit, 'product' AS product, event_date, total_revenue,
        total_gross_margin, event_count, 'rep' AS cs_representative, 'North' AS region,
        CAST(id + 41 AS SMALLINT) AS account_id, map('a', 1) AS extra
    FROM VALUES
        (1, TIMESTAMP '2024-01-01 02:30:00Z', 1.005D, CAST(-1.0050000000 AS DECIMAL(38, 10)), 1),
        (2, TIMESTAMP '2024-01-01 12:30:00Z', double('NaN'), CAST(0.0049999999 AS DECIMAL(38, 10)), 2),
        (3, NULL, double('-Infinity'), CAST(0.005 AS DECIMAL(38, 10)), -3),
        (4, NULL, 1e17D, CAST(12345678901234567.89 AS DECIMAL(38, 10)), NULL),
        (5, NULL, -2.675D, CAST(9999999999999999.99 AS DECIMAL(38, 10)), 0),
        (6, NULL, NULL, CAST(9999999999999999.995 AS DECIMAL(38, 10)), 0)
        AS t (id, event_date, total_revenue, total_gross_margin, event_count)
"""
# Without what is there for the rules alone.
READ = {
    name: [column for column in table.columns if column != "currency"]
    for name, table in source_tables().items()
}


class Place:
    """A folder with sources and a configuration."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark = spark
        self.folder = folder
        (folder / "accounts.csv").write_text("account_id,status\n00001,active\n")

    def write(
        self, *rows: dict[str, str], name: str = "facts.csv", header: list[str] = COLUMNS, **form: Any
    ) -> None:
        """Writes a CSV file of rows that are plain where nothing else is told."""
        with (self.folder / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, header, **form)
            writer.writeheader()
            writer.writerows({**dict.fromkeys(header, ""), **PLAIN, **row} for row in rows)

    def open(
        self, facts: dict[str, Any] = CSV, accounts: dict[str, Any] = ACCOUNTS, **other: Any
    ) -> tuple[dict[str, DataFrame], dict[str, int]]:
        content = {
            "sources": {"fct_revenues": facts, "dim_accounts": accounts},
            "output": {"path": "output"},
            "model": "profitability_adherence",
            **other,
        }
        file = self.folder / "run.yaml"
        file.write_text(yaml.safe_dump(content, sort_keys=False))
        source_versions = SourceVersions()
        frames = open_sources(self.spark, load_settings(file, []), source_versions)
        return {name: frame.select(*READ[name]) for name, frame in frames.items()}, source_versions.tables

    def facts(self, source: dict[str, Any] = CSV, **other: Any) -> DataFrame:
        return self.open(source, **other)[0]["fct_revenues"]

    def problems(self, *sources: dict[str, Any], **other: Any) -> list[str]:
        with pytest.raises(ConfigurationError) as refused:
            self.open(*sources, **other)
        return [problem.replace(str(self.folder), "FOLDER") for problem in refused.value.problems]


@pytest.fixture
def place(spark: SparkSession, tmp_path: Path) -> Place:
    return Place(spark, tmp_path)


@pytest.fixture(scope="module")
def typed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Delta table with the values of TYPED."""
    path = str(tmp_path_factory.mktemp("typed") / "facts")
    spark.sql(TYPED).coalesce(1).write.format("delta").save(path)
    return path


@pytest.fixture(scope="module")
def typed_rows(spark: SparkSession, typed: str, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The values of TYPED as the job reads them west of Greenwich, where the day begins later."""
    place = Place(spark, tmp_path_factory.mktemp("west"))
    with changed_setting(spark, "spark.sql.session.timeZone", "America/New_York"):
        return place.facts({"path": typed}).collect()


def column(frame: DataFrame, name: str) -> list[Any]:
    return [row[name] for row in frame.select(name).collect()]


# Delta and parquet


def test_columns_have_the_types_that_the_sql_reads(place: Place, typed: str) -> None:
    frames, _ = place.open({"path": typed})
    assert dict(frames["fct_revenues"].dtypes) == {
        "customer_key": "string",
        "customer_name": "string",
        "business_unit": "string",
        "product": "string",
        "event_date": "date",
        "total_revenue": "decimal(22,6)",
        "total_gross_margin": "decimal(22,6)",
        "event_count": "bigint",
        "cs_representative": "string",
        "region": "string",
        "account_id": "string",
    }
    assert dict(frames["dim_accounts"].dtypes) == {"account_id": "string", "status": "string"}


def test_whole_number_ids_become_text(typed_rows: list[Row]) -> None:
    ids = [(row["customer_key"], row["account_id"]) for row in typed_rows]
    assert ids == [(str(n), str(n + 41)) for n in range(1, 7)]


def test_timestamps_become_dates_in_the_session_time_zone(typed_rows: list[Row]) -> None:
    days = [row["event_date"] for row in typed_rows]
    assert days == [date(2023, 12, 31), date(2024, 1, 1), None, None, None, None]


def test_double_money_is_its_shortest_decimal_and_null_when_it_is_none(typed_rows: list[Row]) -> None:
    revenues = [row["total_revenue"] for row in typed_rows]
    assert revenues == [Decimal("1.005"), None, None, None, Decimal("-2.675"), None]


def test_decimal_money_is_rounded_half_away_from_zero_and_null_when_it_is_too_large(
    typed_rows: list[Row],
) -> None:
    margins = [row["total_gross_margin"] for row in typed_rows]
    largest = [Decimal("9999999999999999.99"), Decimal("9999999999999999.995")]
    assert margins == [Decimal("-1.005"), Decimal("0.005"), Decimal("0.005"), None, *largest]


def test_delta_source_stays_at_the_version_it_had_when_opened(place: Place) -> None:
    path = str(place.folder / "accounts")
    rows = place.spark.createDataFrame([("1", "active")], "account_id STRING, status STRING")
    place.write({})
    rows.coalesce(1).write.format("delta").save(path)
    frames, versions = place.open(CSV, {"path": path})
    rows.coalesce(1).write.format("delta").mode("append").save(path)
    assert versions == {"dim_accounts": 0}
    assert frames["dim_accounts"].count() == 1
    frames, versions = place.open(CSV, {"path": path})
    assert versions == {"dim_accounts": 1}
    assert frames["dim_accounts"].count() == 2


def test_delta_table_of_a_catalog_is_pinned_too(place: Place, typed: str) -> None:
    place.spark.sql(f"CREATE TABLE facts_of_catalog USING delta LOCATION '{typed}'")
    try:
        frames, versions = place.open({"table": "spark_catalog.default.facts_of_catalog"})
        assert versions == {"fct_revenues": 0}
        assert frames["fct_revenues"].count() == 6
    finally:
        place.spark.sql("DROP TABLE facts_of_catalog")


def test_parquet_is_read_without_a_version(place: Place) -> None:
    path = str(place.folder / "accounts")
    place.write({})
    place.spark.sql("SELECT 7 AS account_id, 'active' AS status").write.parquet(path)
    frames, versions = place.open(CSV, {"path": path, "format": "parquet"})
    assert versions == {}
    assert [tuple(row) for row in frames["dim_accounts"].collect()] == [("7", "active")]


def test_a_companys_own_column_is_read_as_its_type_and_must_be_there(place: Place) -> None:
    place.write({})
    (place.folder / "profiles.csv").write_text("customer_name,Rating,Plan\nAnn,4.5,gold\nBob,much,\n")
    own = {"support_plan_rating": "number", "plan": "text"}
    profiles = {"path": "profiles.csv", "format": "csv", "own_columns": own}
    sources = {"fct_revenues": CSV, "dim_accounts": ACCOUNTS, "dim_customers": profiles}

    assert place.problems(sources=sources) == [
        "sources.dim_customers: column support_plan_rating must exist (support_plan_rating is read from it; "
        "name another in sources.dim_customers.columns), got columns customer_name, Rating, Plan"
    ]

    sources["dim_customers"] = {**profiles, "columns": {"support_plan_rating": "Rating"}}
    place.open(sources=sources)
    settings = load_settings(place.folder / "run.yaml", [])
    frame = open_sources(place.spark, settings, SourceVersions())["dim_customers"]
    rows = frame.select("plan", "support_plan_rating", "support_plan_rating_given").collect()
    assert dict(frame.dtypes)["support_plan_rating"] == "decimal(18,6)"
    assert sorted(map(tuple, rows), key=str) == [("gold", Decimal("4.5"), True), (None, None, True)]


ODD = "Umsätze [2024] {EU} 100% #1*?"


def test_a_version_that_left_its_log_is_told_with_what_its_owner_can_do(place: Place) -> None:
    place.write({})
    path = place.folder / "accounts"
    accounts = place.spark.sql("SELECT '7' AS account_id, 'active' AS status").write.format("delta")
    accounts.option("delta.checkpointInterval", "1").save(str(path))
    accounts.mode("append").save(str(path))
    age(40, path)  # days, where Delta keeps thirty
    for _ in range(2):
        accounts.mode("append").save(str(path))
    place.open(CSV, {"path": "accounts"})
    settings = load_settings(place.folder / "run.yaml", [])
    with pytest.raises(ConfigurationError) as refused:
        open_sources(place.spark, settings, SourceVersions({"dim_accounts": 0}))
    (told,) = refused.value.problems
    assert "version 0 is gone: its log goes back by its delta.logRetentionDuration" in told
    assert told.endswith(
        f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('delta.logRetentionDuration' = 'interval 3650 days', "
        "'delta.deletedFileRetentionDuration' = 'interval 3650 days')"
    )


@pytest.mark.parametrize("form", ["delta", "parquet", "csv"])
def test_a_path_is_a_name_and_no_pattern(place: Place, form: str) -> None:
    path = str(place.folder / ODD / "accounts")
    place.write({})
    rows = place.spark.sql("SELECT '7' AS account_id, 'active' AS status").coalesce(1)
    rows.write.format(form).option("header", True).save(path)
    accounts = {"path": path, "format": form}
    read = [{"fct_revenues": CSV, "dim_accounts": accounts}]
    read += [{"fct_revenues": CSV, "dim_accounts": mapping(place, "SELECT * FROM raw", raw=accounts)}]
    for sources in read:
        frames, _ = place.open(sources["fct_revenues"], sources["dim_accounts"])
        assert [tuple(row) for row in frames["dim_accounts"].collect()] == [("7", "active")]


def test_a_path_with_glob_is_a_pattern(place: Place) -> None:
    place.write({})
    for year in (2023, 2024):
        (place.folder / f"accounts {year}.csv").write_text(f"account_id,status\n{year},active\n")
    accounts = {"path": "accounts 20*.csv", "format": "csv", "glob": True}
    frames, _ = place.open(CSV, accounts)
    assert sorted(column(frames["dim_accounts"], "account_id")) == ["2023", "2024"]


@pytest.mark.parametrize("folder", ["facts", "facts/customer_name=1"])
def test_a_delta_table_is_not_read_as_its_files(place: Place, folder: str) -> None:
    rows = place.spark.sql(TYPED).coalesce(1)
    rows.write.format("delta").partitionBy("customer_name").save(str(place.folder / "facts"))
    (told,) = place.problems({"path": folder, "format": "parquet"})
    assert told == (
        f"sources.fct_revenues.format: must be delta, got parquet for 'FOLDER/{folder}', "
        "which is a Delta table: use format: delta"
    )


def test_partition_folders_of_parquet_keep_their_text(place: Place) -> None:
    place.write({})
    accounts = place.spark.sql("SELECT '007' AS account_id, 'active' AS status")
    accounts.write.partitionBy("account_id").parquet(str(place.folder / "accounts"))
    frames, _ = place.open(CSV, {"path": "accounts", "format": "parquet"})
    assert column(frames["dim_accounts"], "account_id") == ["007"]


def test_dates_of_partition_folders_are_dates(place: Place) -> None:
    facts = place.spark.sql(TYPED).withColumn("event_date", F.lit(date(2024, 2, 29)))
    facts.where("customer_name = 1").write.partitionBy("event_date").parquet(str(place.folder / "facts"))
    assert column(place.facts({"path": "facts", "format": "parquet"}), "event_date") == [date(2024, 2, 29)]


def test_columns_that_nobody_uses_may_be_of_any_type(place: Place) -> None:
    place.write({})
    nobody_uses = pa.table(
        {
            "account_id": ["7"],
            "status": pa.array([None], pa.null()),
            "sold_at": pa.array([time(13, 5)], pa.time64("us")),
            "seen_at": pa.array([10**18], pa.timestamp("ns")),
            "big": pa.array([2**63 + 1], pa.uint64()),
            "blob": [b"\xff"],
            "odds": pa.array([[("x", 0.5)]], pa.map_(pa.string(), pa.float64())),
        }
    )
    (place.folder / "accounts").mkdir()
    pq.write_table(nobody_uses, place.folder / "accounts" / "a.parquet")
    source_versions, file = SourceVersions(), place.folder / "run.yaml"
    accounts = {"path": "accounts", "format": "parquet"}
    place.open(CSV, accounts)
    frame = open_sources(place.spark, load_settings(file, []), source_versions)["dim_accounts"]
    (row,) = frame.select("account_id", "status", F.to_json("source_row").alias("row")).collect()
    assert (row["account_id"], row["status"]) == ("7", None)
    kept = json.loads(row["row"])
    assert (kept["sold_at"], kept["seen_at"], kept["odds"]) == ("13:05:00", 10**18, {"x": 0.5})


def test_columns_that_spark_has_no_type_for_are_told_by_name(place: Place) -> None:
    place.write({})
    nanoseconds = pa.array([[1]], pa.list_(pa.time64("ns")))
    no_type = pa.table(
        {
            "account_id": pa.array([bytes(16)], pa.uuid()),
            "status": ["active"],
            "sold_at": pa.array([1], pa.time32("ms")),
            "kept at": pa.array([1], pa.time64("us")),
            "in_list": nanoseconds,
            "nested": pa.StructArray.from_arrays([nanoseconds, pa.array([1])], ["inner", "other"]),
            "share": pa.array([0.5], pa.float16()),
            "wide": pa.array([Decimal(1)], pa.decimal256(39, 2)),
        }
    )
    folder = place.folder / "a [1]"
    (folder / "day=1").mkdir(parents=True)
    pq.write_table(no_type, folder / "day=1" / "b c.parquet")
    told = (
        "sources.dim_accounts: must be an existing table, got 'FOLDER/a [1]', which has columns of types "
        "that Spark can't read; cast them to others in its files: "
    )
    accounts = {"path": "a [1]", "format": "parquet"}
    assert place.problems(CSV, accounts) == [
        told + "account_id (UUID), sold_at (TIME in milliseconds), in_list (TIME in nanoseconds), "
        "nested (TIME in nanoseconds), share (FLOAT16), wide (DECIMAL of 39 digits)"
    ]
    rows = (
        "SELECT 7 AS account_id, 'active' AS status, INTERVAL 1 DAY AS pause, '10:00:00+01'::TIMETZ AS sold"
    )
    duckdb.sql(f"COPY ({rows}) TO '{folder}/day=1/b c.parquet'")
    assert place.problems(CSV, accounts) == [f"{told}pause (INTERVAL), sold (TIME in UTC)"]


def test_null_in_a_query_is_a_column_of_nulls(place: Place) -> None:
    place.write({"event_date": "2024-12-31"})
    query = "SELECT * EXCEPT (region, event_count), NULL AS region, NULL AS event_count FROM raw"
    row = place.facts(mapping(place, query, raw=CSV)).collect()[0]
    assert (row["region"], row["event_count"]) == (None, None)


def test_char_columns_are_read_without_what_fills_them_up(place: Place) -> None:
    place.write({})
    path = place.folder / "accounts"
    place.spark.sql(f"CREATE TABLE delta.`{path}` (account_id CHAR(5), status VARCHAR(9)) USING delta")
    rows = place.spark.sql("SELECT '7' AS account_id, 'active ' AS status")
    rows.write.format("delta").mode("append").save(str(path))
    frames, _ = place.open(CSV, {"path": str(path)})
    assert [tuple(row) for row in frames["dim_accounts"].collect()] == [("7", "active ")]


@pytest.mark.parametrize(
    ("ids", "others", "told"),
    [
        ([41], ["k42"], "accounts/b.parquet has another type in column account_id than other files"),
        ([41], [{"id": 42}], "accounts/b.parquet is damaged, cut off or of other types than the other files"),
        ([41], pa.array([42], pa.uint64()), "a file has another type in a column than other files"),
    ],
    ids=["texts", "nested", "unsigned"],
)
def test_files_of_two_types_are_told(place: Place, ids: object, others: object, told: str) -> None:
    place.write({})
    (place.folder / "accounts").mkdir()
    for name, values in (("a", ids), ("b", others)):
        accounts = pa.table({"account_id": values, "status": ["active"]})
        pq.write_table(accounts, place.folder / "accounts" / f"{name}.parquet")
    frames, _ = place.open(CSV, {"path": "accounts", "format": "parquet"})
    with pytest.raises(BadDataError) as refused, read_errors_told("sources.dim_accounts"):
        frames["dim_accounts"].collect()
    assert told in str(refused.value)


@pytest.mark.parametrize(("name", "kept"), [("a.parquet", 50), ("a.csv.gz", 60)])
def test_a_damaged_file_is_told_by_name(place: Place, name: str, kept: int) -> None:
    place.write({})
    file = place.folder / "accounts" / name
    file.parent.mkdir()
    ids = [str(number) for number in range(5000)]
    if name.endswith("gz"):
        file.write_bytes(gzip.compress(b"account_id,status\n" + "\n".join(ids).encode()))
    else:
        pq.write_table(pa.table({"account_id": ids, "status": ids}), file)
    file.write_bytes(file.read_bytes()[:kept])
    form = "csv" if name.endswith("gz") else "parquet"
    with pytest.raises(
        BadDataError, match=rf"^sources.dim_accounts: the file \S+/accounts/{name} is damaged"
    ):
        place.open(CSV, {"path": "accounts", "format": form})


# CSV


def test_csv_text_is_kept_as_it_is(place: Place) -> None:
    kept = {
        "customer_name": "00001",
        "business_unit": " spaces ",
        "product": 'a "quoted", word',
        "cs_representative": "two\nlines",
        "region": "back\\slash",
        "account_id": "1e3",
    }
    place.write(kept)
    row = place.facts().collect()[0].asDict()
    assert {name: row[name] for name in kept} == kept
    assert row["customer_key"] == "00001"


def test_empty_csv_fields_are_null(place: Place) -> None:
    place.write(dict.fromkeys(COLUMNS, ""), quoting=csv.QUOTE_MINIMAL)
    assert set(place.facts().collect()[0]) == {None}


def test_csv_of_windows_is_read_like_any_other(place: Place) -> None:
    place.write({"account_id": "00007"}, lineterminator="\r\n")
    file = place.folder / "facts.csv"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    row = place.facts().collect()[0]
    assert (row["customer_name"], row["account_id"]) == ("text", "00007")


def test_csv_may_have_another_delimiter(place: Place) -> None:
    place.write({"product": "a,b;c"}, delimiter=";")
    assert column(place.facts({**CSV, "delimiter": ";"}), "product") == ["a,b;c"]


def test_csv_dates_need_year_month_and_day(place: Place) -> None:
    day = date(2024, 1, 5)
    cases = {
        "2024-01-05": day,
        "2024-1-5": day,
        " 2024-01-05 ": day,
        "2024-01-05 23:59:59": day,
        "2024-01-05T23:59:59.123": day,
        "2024-02-29": date(2024, 2, 29),
        "2024": None,
        "2024-01": None,
        "20240105": None,
        "2023-02-29": None,
        "05.01.2024": None,
        "01/05/2024": None,
        "2024-01-05x": None,
        "today": None,
        "epoch": None,
        "2024-01-05 / 2024-01-09": None,
        "2024-01-05 or later": None,
        "2024-01-05 25:61:00": None,
        "2024-01-05 23:59 TBD": None,
        "2024-01-05 23:59 Europe/Berlin": None,
        "2024-01-05 +01:00": None,
        "12024-01-05": None,
        "\u00a02024-01-05": None,
    }
    place.write(*({"customer_name": text, "event_date": text} for text in cases))
    rows = place.facts().select("customer_key", "event_date").collect()
    assert {row["customer_key"]: row["event_date"] for row in rows} == cases


def test_csv_times_with_an_offset_are_instants_as_timestamps_are(place: Place) -> None:
    cases = {
        "2024-06-30T23:30:00Z": date(2024, 7, 1),
        "2024-06-30 23:30:00.123456789+00:00": date(2024, 7, 1),
        "2024-06-30 14:59 UTC": date(2024, 6, 30),
        "2024-07-01T08:30:00+09:00": date(2024, 7, 1),
        "2024-07-01T08:30:00+1800": date(2024, 6, 30),
        "2024-07-01T00:30:00-09": date(2024, 7, 1),
        "2024-06-30 15:00:00+0": date(2024, 7, 1),
        "2024-06-30 23:30:00": date(2024, 6, 30),
        "2024-06-30 23:30:00+19:00": None,
        "2024-06-31 23:30:00Z": None,
    }
    place.write(*({"customer_name": text, "event_date": text} for text in cases))
    with changed_setting(place.spark, "spark.sql.session.timeZone", "Asia/Tokyo"):
        rows = place.facts().select("customer_key", "event_date").collect()
    assert {row["customer_key"]: row["event_date"] for row in rows} == cases


def test_csv_dates_and_numbers_may_have_another_form(place: Place) -> None:
    dates = {"30.06.2024": date(2024, 6, 30), "31.02.2024": None, "2024-06-30": None, "30.06.2024 x": None}
    amounts = {"-1234,5": Decimal("-1234.50"), "12.50": None, "1.234,5": None, "7": Decimal(7)}
    rows = zip(dates, amounts, strict=True)
    place.write(*({"event_date": day, "total_revenue": amount} for day, amount in rows), delimiter=";")
    form = {"delimiter": ";", "decimal": ",", "date_format": "dd.MM.yyyy"}

    direct = place.facts({**CSV, **form})
    mapped = place.facts(mapping(place, "SELECT * FROM raw", raw={**CSV, **form}))

    for frame in (direct, mapped):
        assert column(frame, "event_date") == list(dates.values())
        assert column(frame, "total_revenue") == list(amounts.values())


def test_csv_money_is_rounded_half_away_from_zero_and_null_when_it_is_none(place: Place) -> None:
    cases = {
        "7": "7",
        " 7.1 ": "7.1",
        "-0.0000005": "-0.000001",
        "1.0000005": "1.000001",
        "1.00000049999999999999": "1",
        "1e3": "1000",
        "9999999999999999.999999": "9999999999999999.999999",
        "9999999999999999.9999995": None,
        "12345678901234567": None,
        "1,5": None,
        "1 000": None,
        "$5": None,
        "NaN": None,
        "Infinity": None,
        "one": None,
    }
    place.write(*({"customer_name": text, "total_revenue": text} for text in cases))
    rows = place.facts().select("customer_key", "total_revenue").collect()
    found = {row["customer_key"]: row["total_revenue"] for row in rows}
    assert found == {text: value and Decimal(value) for text, value in cases.items()}


def test_csv_counts_are_whole_numbers(place: Place) -> None:
    cases = {
        "3": 3,
        " +3 ": 3,
        "-1": -1,
        "9223372036854775807": 2**63 - 1,
        "9223372036854775808": None,
        "3.5": None,
        "3.0": None,
        "1e3": None,
        "three": None,
    }
    place.write(*({"customer_name": text, "event_count": text} for text in cases))
    rows = place.facts().select("customer_key", "event_count").collect()
    assert {row["customer_key"]: row["event_count"] for row in rows} == cases


def test_csv_files_of_a_folder_are_read_by_their_own_headers(place: Place) -> None:
    (place.folder / "facts").mkdir()
    place.write({"region": "North"}, name="facts/a.csv")
    place.write({"region": "North"}, name="facts/b.csv", header=COLUMNS[::-1])
    regions = column(place.facts({"path": "facts", "format": "csv"}), "region")
    assert regions == ["North", "North"]


# Columns


def test_columns_are_renamed_and_the_key_is_another_one(place: Place) -> None:
    header = [*COLUMNS, "client no", "area", "note"]
    place.write({"client no": "007", "area": "South", "region": "ignored"}, header=header)
    columns = {"customer_id": "client no", "region": "AREA"}
    frame = place.facts({**CSV, "columns": columns}, customer_key="customer_id")
    row = frame.collect()[0]
    assert (row["customer_key"], row["customer_name"], row["region"]) == ("007", "text", "South")
    assert "note" not in frame.columns


def test_unknown_columns_are_told_with_the_known_ones(place: Place) -> None:
    place.write({})
    accounts = {**ACCOUNTS, "columns": {"state": "status"}}
    facts = {**CSV, "columns": {"area": "region", "customer_key": "account_id"}}
    known = ", ".join([*COLUMNS[1:], "currency"])
    assert place.problems(facts, accounts, customer_key="account_id") == [
        f"sources.fct_revenues.columns: must map some of account_id, customer_name, {known}, got 'area'",
        f"sources.fct_revenues.columns: must map some of account_id, customer_name, {known}, "
        "got 'customer_key'; did you mean 'customer_name'?",
        "sources.dim_accounts.columns: must map some of account_id, status, got 'state'; "
        "did you mean 'status'?",
    ]


def test_all_problems_of_both_sources_are_told_at_once(place: Place) -> None:
    place.spark.sql("""
        SELECT 'a' AS customer_name, TRUE AS business_unit, 'p' AS product, '2024-01-01' AS event_date,
            '1' AS total_revenue, 1.5D AS total_gross_margin, 1.0D AS event_count, 'x' AS cs_representative,
            array('x') AS region
    """).write.parquet(str(place.folder / "facts"))
    (place.folder / "accounts.csv").write_text("account,status\n1,active\n")
    columns = (
        "customer_name, business_unit, product, event_date, total_revenue, total_gross_margin, event_count, "
        "cs_representative, region"
    )
    query = "convert it in a sources.fct_revenues.query"
    assert place.problems({"path": "facts", "format": "parquet"}) == [
        f"sources.fct_revenues: column business_unit must be STRING or a whole number, got BOOLEAN; {query}",
        f"sources.fct_revenues: column event_date must be DATE or TIMESTAMP, got STRING; {query}",
        "sources.fct_revenues: column total_revenue must be DECIMAL, DOUBLE, FLOAT or a whole number, "
        f"got STRING; {query}",
        "sources.fct_revenues: column event_count must be a whole number (TINYINT to BIGINT), "
        f"got DOUBLE; {query}",
        f"sources.fct_revenues: column region must be STRING or a whole number, got ARRAY<STRING>; {query}",
        "sources.fct_revenues: column account_id must exist (account_id is read from it; "
        f"name another in sources.fct_revenues.columns), got columns {columns}",
        "sources.dim_accounts: column account_id must exist (account_id is read from it; "
        "name another in sources.dim_accounts.columns), got columns account, status; did you mean "
        "'account'?",
    ]


def test_missing_tables_are_told_together(place: Place) -> None:
    told = place.problems({"path": "nothing.csv", "format": "csv"}, {"path": "nothing"})
    assert told == [
        "sources.fct_revenues: must be an existing table, got 'FOLDER/nothing.csv', which isn't there",
        "sources.dim_accounts.path: must be a Delta table, got 'FOLDER/nothing', which isn't one",
    ]
    (told_of_table,) = place.problems({"table": "nowhere.nothing"}, ACCOUNTS)
    assert told_of_table == (
        "sources.fct_revenues: must be an existing table, got 'nowhere.nothing', which isn't there"
    )


# Mapping queries


def mapping(place: Place, query: str, **inputs: dict[str, Any]) -> dict[str, Any]:
    (place.folder / "mapping.sql").write_text(query)
    return {"query": "mapping.sql", "inputs": inputs}


def test_query_maps_its_inputs(place: Place) -> None:
    place.write({})
    (place.folder / "raw.csv").write_text("id,state\n01,1\n02,0\n")
    query = """
        -- A comment; with a semicolon.
        WITH open AS (SELECT id FROM raw WHERE state = '1')
        SELECT id AS account_id, 'active' AS status FROM open;
    """
    source = mapping(place, query, raw={"path": "raw.csv", "format": "csv"})
    frames, versions = place.open(CSV, source)
    assert [tuple(row) for row in frames["dim_accounts"].collect()] == [("01", "active")]
    assert versions == {}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT raw.id AS account_id, state AS status FROM Raw",
        "SELECT r.id AS account_id, r.state AS status FROM raw AS r -- raw",
        "WITH raw AS (SELECT id, state FROM raw) SELECT id AS account_id, raw.state AS status FROM `raw`",
    ],
)
def test_inputs_are_read_by_their_names_and_views_of_a_user_are_not(place: Place, query: str) -> None:
    place.write({})
    place.spark.sql("SELECT 'mine' AS whose").createOrReplaceTempView("raw")
    (place.folder / "raw.csv").write_text("id,state\n01,active\n")
    source = mapping(place, query, raw={"path": "raw.csv", "format": "csv"})
    frames, _ = place.open(CSV, source)
    assert [tuple(row) for row in frames["dim_accounts"].collect()] == [("01", "active")]
    assert [row["whose"] for row in place.spark.table("raw").collect()] == ["mine"]


def test_delta_inputs_of_a_query_are_pinned_by_name(place: Place, typed: str) -> None:
    source = mapping(place, "SELECT * FROM raw", raw={"path": typed})
    frames, versions = place.open(source)
    assert versions == {"fct_revenues.inputs.raw": 0}
    assert frames["fct_revenues"].count() == 6


def test_text_of_a_query_is_parsed_when_an_input_is_csv(place: Place) -> None:
    place.write({"event_date": "2024"}, {})
    source = mapping(place, "SELECT * FROM raw", raw=CSV)
    assert column(place.facts(source), "event_date") == [None, date(2024, 12, 31)]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SELECT nothing FROM raw",
        "SELECT account_id FRUM raw",
        "SELECT 1 AS a; SELECT 2 AS b",
        "SELECT :day AS account_id, status FROM raw",
        "DROP TABLE raw",
        "INSERT INTO raw SELECT * FROM raw",
        "CREATE TABLE stolen AS SELECT * FROM raw",
        "SET spark.sql.ansi.enabled=false",
    ],
)
def test_query_must_be_one_valid_select(place: Place, query: str) -> None:
    place.write({})
    (told,) = place.problems(CSV, mapping(place, query, raw=ACCOUNTS))
    assert told.startswith("sources.dim_accounts.query: mapping.sql must ")
    assert "\n" not in told


def test_query_reads_its_inputs_alone(place: Place) -> None:
    place.write({})
    query = "SELECT _c0 AS account_id, now() AS status FROM csv.`/data/accounts.csv`"
    name = "sources.dim_accounts.query: mapping.sql"
    assert place.problems(CSV, mapping(place, query, raw=ACCOUNTS)) == [
        f"{name} must give the same rows whenever it runs, got now()",
        f"{name} must read its inputs alone (raw), got csv./data/accounts.csv; name it in inputs",
    ]


def test_problems_of_a_querys_inputs_are_told_at_once(place: Place) -> None:
    place.write({})
    source = {
        "query": "nothing.sql",
        "inputs": {"raw": {"path": "nothing"}, "other": {"path": "none"}, "good": ACCOUNTS},
    }
    told = place.problems(CSV, source)
    assert told[:2] == [
        f"sources.dim_accounts.inputs.{at}.path: must be a Delta table, got 'FOLDER/{path}', which isn't one"
        for at, path in (("raw", "nothing"), ("other", "none"))
    ]
    assert told[2].startswith("sources.dim_accounts.query: must be a readable file, got 'FOLDER/nothing.sql'")
    assert len(told) == 3


def test_inputs_may_be_called_like_steps_and_sources(place: Place) -> None:
    place.write({})
    query = "SELECT e.account_id, a.status FROM events AS e JOIN dim_accounts AS a USING (account_id)"
    frames, _ = place.open(CSV, mapping(place, query, events=ACCOUNTS, dim_accounts=ACCOUNTS))
    assert frames["dim_accounts"].columns[:2] == ["account_id", "status"]

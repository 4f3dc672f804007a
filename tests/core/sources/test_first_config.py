"""The first configuration that is guessed for tables of one's own."""

import gzip
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs import check_source, init_config
from jobs.core.config.settings import load_settings
from jobs.core.config.source_columns import source_tables
from jobs.core.sources.first_config.document import first_config
from jobs.core.sources.first_config.guesses import guesses
from jobs.core.sources.first_config.matching import matched, words
from jobs.core.sources.first_config.table_look import (
    ColumnLook,
    TableLook,
    guessed_delimiter,
    guessed_encoding,
)
from jobs.core.sources.opening import open_sources
from jobs.core.sources.source_versions import SourceVersions
from tests.conftest import CHECKOUT, Workspace

GOLDEN = CHECKOUT / "tests/data/init"
GERMAN = (
    "Kunde;Buchungsdatum;Umsatz (netto);Menge;Artikel;Region\n"
    'Müller & Söhne;31.12.2024;1.234,50;3;Schraube "M4";Süd\n'
    "Bäcker;07.11.2024;-7,5;1;Mutter;Nord\n"
)
# Sixty columns as a warehouse has them: name and type; the first fifteen are the ones to be found.
WIDE = [
    ("Client-No", "BIGINT"),
    ("client_name", "STRING"),
    ("`division`", "STRING"),
    ("item.no", "STRING"),
    ("posting_date", "TIMESTAMP"),
    ("net_revenue_eur", "DECIMAL(19,4)"),
    ("contribution_margin", "DOUBLE"),
    ("qty", "DOUBLE"),
    ("account_owner", "STRING"),
    ("sales_region", "STRING"),
    ("billing_account_id", "INT"),
    ("currency_code", "STRING"),
    ("due_date", "DATE"),
    ("ship_date", "DATE"),
    ("Straße`n", "STRING"),
    *((f"attribute_{number:02}", "STRING") for number in range(1, 21)),
    *((f"measure_{number:02}", "DECIMAL(18,2)") for number in range(1, 16)),
    *((f"flag_{number:02}", "BOOLEAN") for number in range(1, 11)),
]


@pytest.mark.parametrize(
    ("name", "its_words"),
    [
        ("InvoiceDate", ["invoice", "date"]),
        ("CustomerID", ["customer", "id"]),
        ("customer.id", ["customer", "id"]),
        ("Kunden-Nr.", ["kunden", "nr"]),
        ("ERLÖSE (netto)", ["erloese", "netto"]),
        ("Erlo\u0308se", ["erloese"]),
        ("Straße", ["strasse"]),
        ("Société", ["societe"]),
        ("  ", []),
    ],
)
def test_a_name_is_its_words(name: str, its_words: list[str]) -> None:
    assert words(name) == its_words


def chosen(*columns: str, source: str = "fct_revenues") -> dict[str, str]:
    found = matched(source, columns, lambda *_: True)
    return {target: match.chosen for target, match in found.items() if match.chosen}


@pytest.mark.parametrize(
    ("column", "target"),
    [
        ("total_revenue", "total_revenue"),
        ("Umsatz", "total_revenue"),
        ("Kundenumsatz", "total_revenue"),
        ("umsatz_netto_eur", "total_revenue"),
        ("Deckungsbeitrag", "total_gross_margin"),
        ("margin amount", "total_gross_margin"),
        ("Marge", "total_gross_margin"),
        ("Kunde", "customer_name"),
        ("Kundennummer", "customer_id"),
        ("Datum", "event_date"),
        ("Buchungsdatum", "event_date"),
        ("Menge", "event_count"),
        ("Artikel", "product"),
        ("Produkt", "product"),
        ("Region", "region"),
        ("Konto", "account_id"),
        ("Betreuer", "cs_representative"),
        ("customer_region", "region"),
    ],
)
def test_a_column_is_known_by_its_name(column: str, target: str) -> None:
    assert chosen("x", column, "y") == {target: column}


@pytest.mark.parametrize(
    "column", ["product_name_de", "account_type", "margin_pct", "unit price", "discount"]
)
def test_a_name_that_means_something_else_is_not_taken(column: str) -> None:
    assert chosen(column) == {}


def test_the_better_name_wins_and_the_other_is_told() -> None:
    found = matched("fct_revenues", ["Rechnungsdatum", "event_date", "Netto_Umsatz"], lambda *_: True)
    assert (found["event_date"].chosen, found["event_date"].others) == ("event_date", ("Rechnungsdatum",))


def test_of_two_names_as_good_none_is_taken() -> None:
    found = matched("fct_revenues", ["Rechnungsdatum", "Belegdatum"], lambda *_: True)["event_date"]
    assert (found.chosen, found.others) == (None, ("Rechnungsdatum", "Belegdatum"))


def test_every_column_of_ours_may_be_guessed() -> None:
    for source, table in source_tables().items():
        names = ["customer_id" if column == "customer_key" else column for column in table.columns]
        assert set(chosen(*names, source=source)) == set(names)


def test_delimiter_and_encoding_are_told_by_the_lines() -> None:
    assert guessed_delimiter(["a;b;c", "1,5;2,5;x", '"x;y";2;3', "odd"]) == (";", (3, 4))
    assert guessed_delimiter(["a,b", "1,2"]) == (",", (2, 2))
    assert guessed_delimiter(["a\tb|c", "1\t2|3"])[0] in {"\t", "|"}
    assert guessed_encoding(["Müller".encode()]) == "UTF-8"
    assert guessed_encoding([b"a", "Müller".encode("latin-1")]) == "windows-1252"
    assert guessed_encoding([b"\xff\xfea\0"]) == "UTF-16"


def look(*columns: ColumnLook, place: str = "facts", form: str = "delta") -> TableLook:
    return TableLook(place, form, columns)


def text(name: str, *examples: str, kind: str = "string") -> ColumnLook:
    return ColumnLook(name, kind, "text", examples=examples)


def test_what_is_doubtful_or_of_no_fit_is_left_to_do() -> None:
    facts = look(
        text("Kunde", "Ann\\"),
        ColumnLook("Rechnungsdatum", "date", "date"),
        ColumnLook("Belegdatum", "date", "date"),
        text("Umsatz", "1,234.50 \u202e"),
        ColumnLook("Marge", "text", "number", "point", True, ("1.234",)),
        form="csv",
    )
    by_column = {guess.column: guess for guess in guesses("fct_revenues", facts, "customer_name")}
    assert by_column["event_date"].sql == "CAST(NULL AS DATE)"
    assert by_column["event_date"].why == "TODO: choose one of `Rechnungsdatum`, `Belegdatum`"
    assert by_column["total_revenue"].sql == "CAST(NULL AS DECIMAL(18, 2))"
    assert by_column["total_revenue"].why == (
        "TODO: nothing looks like it; `Umsatz` has a name for it, but is string like '1,234.50 \\u202e'"
    )
    assert by_column["total_gross_margin"].why.endswith("TODO: is the point before decimals, or thousands?")
    assert by_column["customer_name"].why == "a guess, by its name; string like 'Ann\\'"
    assert "TODO" not in by_column["region"].why
    assert "currency" not in by_column


@pytest.mark.parametrize(
    ("column", "sql"),
    [
        (text("Status", "active", "closed"), "`Status`"),
        (
            text("Status", "Aktiv", "gekündigt"),
            "CASE WHEN lower(trim(`Status`)) = 'aktiv' THEN 'active' ELSE `Status` END",
        ),
        (
            ColumnLook("is_active", "boolean", "boolean"),
            "CASE WHEN `is_active` THEN 'active' ELSE 'inactive' END",
        ),
    ],
)
def test_a_status_is_made_one_that_counts(column: ColumnLook, sql: str) -> None:
    found = guesses("dim_accounts", look(text("id", "1"), column), "customer_name")
    assert [(guess.column, guess.sql) for guess in found] == [("account_id", "`id`"), ("status", sql)]
    assert not any("TODO" in guess.why for guess in found)


def test_a_status_that_never_counts_is_left_to_do() -> None:
    _, status = guesses("dim_accounts", look(text("id"), text("status", "A", "B")), "customer_name")
    assert status.why.endswith("TODO: only `active` counts, and the first rows have none")


def test_names_and_places_are_quoted(tmp_path: Path) -> None:
    ours = [
        column
        for column in source_tables()["fct_revenues"].columns
        if column not in {"customer_key", "currency"}
    ]
    names = ['"Kunde"', "Sparte: #", "Artikel'", "Datum.", "- Umsatz €"]
    names += ["[Marge]", " Menge", "@Betreuer", "Region\n", "%Konto"]
    held = {
        "event_date": "date",
        "total_revenue": "number",
        "total_gross_margin": "number",
        "event_count": "whole",
    }
    columns = [ColumnLook(name, "string", held.get(ours[at], "text")) for at, name in enumerate(names)]
    facts = look(*columns, place="x y/Ordner 'a' #b/{fakten}")
    accounts = look(text("account_id"), text("off"), text("Vertragsstatus", "active"), place="s3://x/y z")

    files = first_config(tmp_path / "run.yaml", {"fct_revenues": facts, "dim_accounts": accounts})

    (file, written), *queries = files.items()
    assert not queries, "all is there"
    file.write_text(written)
    sources = load_settings(file, []).sources
    assert sources.fct_revenues.columns == dict(zip(ours, names, strict=True))
    assert sources.fct_revenues.path == str(Path("x y/Ordner 'a' #b/{fakten}").resolve())
    assert sources.dim_accounts.path == "s3://x/y z"


def init(workspace: Workspace, *options: str) -> int:
    return init_config.run([*options, "--log-file", str(workspace.folder / "init.log")])


def matches_golden(folder: Path, golden: str) -> None:
    expected = {file.name: file.read_text() for file in (GOLDEN / golden).iterdir()}
    written = {file.name: file.read_text() for file in folder.glob("run*") if file.is_file()}
    assert written == expected


def checked(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str], str]:
    """Runs check-source over run.yaml, which lists the places left to do, all of them and no others.

    Returns:
        The exit status, the columns of those places, and what else is said.
    """
    capsys.readouterr()
    status = check_source.run(["--config", "run.yaml", "--log-file", "check.log"])
    printed = capsys.readouterr()
    listed = re.findall(r"^  (run\S*), line (\d+): (.*)$", printed.out, re.MULTILINE)
    assert ("Left to do in the configuration:" in printed.out) == bool(listed)
    assert sorted(listed) == sorted(
        (file.name, str(number), line.strip())
        for file in Path().glob("run*")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if "TODO" in line
    )
    columns = [re.search(r" AS (\w+),? -- .*TODO: ", line) for *_, line in listed]
    return status, [column[1] for column in columns if column], printed.err


def test_retail_sample(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace.folder)
    sample = gzip.decompress((CHECKOUT / "tests/data/online_retail_sample.csv.gz").read_bytes())
    some = sample.splitlines(keepends=True)[:2_001]  # init looks at 500
    Path("invoices.csv.gz").write_bytes(gzip.compress(b"".join(some)))
    assert init(workspace, "--facts", "invoices.csv.gz") == 0
    matches_golden(workspace.folder, "online_retail")
    assert load_settings(Path("run.yaml"), []).customer_key == "customer_id"

    status, left, said = checked(capsys)
    assert (status, left) == (3, ["total_revenue", "total_gross_margin", "account_id", "account_id"])
    lacking = re.findall(r"quarantined: (\w+)_missing \(fct_revenues\): .*: 2,000 of 2,000", said)
    assert lacking == ["total_revenue", "total_gross_margin"]
    assert "account_id_missing (dim_accounts): no account id, or a blank one: 1 of 1" in said
    assert "unreadable" not in said


def test_german_names_and_what_is_left_to_do(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace.folder)
    Path("umsatz.csv").write_text(GERMAN, encoding="utf-8")
    assert init(workspace, "--facts", "umsatz.csv") == 0
    matches_golden(workspace.folder, "german")

    settings = load_settings(Path("run.yaml"), [])
    facts = open_sources(workspace.spark, settings, SourceVersions())["fct_revenues"]
    columns = ["customer_key", "event_date", "total_revenue", "event_count", "product", "region"]
    assert [tuple(row) for row in facts.select(*columns).orderBy("customer_key").collect()] == [
        ("Bäcker", date(2024, 11, 7), Decimal("-7.50"), 1, "Mutter", "Nord"),
        ("Müller & Söhne", date(2024, 12, 31), Decimal("1234.50"), 3, 'Schraube "M4"', "Süd"),
    ]

    status, left, said = checked(capsys)
    assert (status, left) == (3, ["total_gross_margin", "account_id", "account_id"])
    assert "total_gross_margin_missing (fct_revenues): no gross margin: 2 of 2" in said
    assert "account_id_missing (dim_accounts): no account id, or a blank one: 1 of 1" in said
    assert "unreadable" not in said


@pytest.mark.long
def test_sixty_columns(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace.folder)
    assert len(WIDE) == 60
    values: list[tuple[Any, ...]] = [tuple(None for _ in WIDE)]
    columns = ", ".join(f"`{name.replace('`', '``')}` {kind}" for name, kind in WIDE)
    workspace.spark.createDataFrame(values, columns).write.format("delta").save(
        str(workspace.folder / "wide")
    )
    spark = workspace.spark
    spark.sql("SELECT 1 AS Kontonummer, TRUE AS aktiv").write.parquet(str(workspace.folder / "accounts"))
    spark.sql("SELECT 5L AS Kundennummer, 1.5 AS arr, 'x' AS Firma, 'y' AS NPS").write.parquet(
        str(workspace.folder / "customers")
    )
    options = ("--facts", "wide", "--accounts", "accounts", "--customers", "customers")
    assert init(workspace, *options) == 0
    matches_golden(workspace.folder, "wide")
    settings = load_settings(Path("run.yaml"), [])
    assert settings.model_names == ("profitability_adherence", "value_potential_strategic")

    held = {"BIGINT": 5, "DOUBLE": 1.0, "INT": 1, "BOOLEAN": True, "STRING": "x", "DATE": date(2024, 12, 1)}
    held |= {"TIMESTAMP": datetime(2024, 12, 1), "DECIMAL(19,4)": Decimal(9), "DECIMAL(18,2)": Decimal(9)}
    filled = spark.createDataFrame([tuple(held[kind] for _, kind in WIDE)], columns)
    filled.write.format("delta").mode("overwrite").save(str(workspace.folder / "wide"))
    status, left, said = checked(capsys)
    # Of profiles with an ARR alone the second model scores nobody: that is no column left to do.
    assert (status, left) == (3, [])
    assert "no customer can be scored" in said
    assert not re.search("quarantined: |warned: |failed: ", said)


def test_files_that_are_there_are_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace.folder)
    Path("umsatz.csv").write_text(GERMAN, encoding="utf-8")
    Path("run.yaml").write_text("mine")
    Path("run_dim_accounts.sql").write_text("mine")

    assert init(workspace, "--facts", "umsatz.csv") == 2

    said = capsys.readouterr().err
    assert "got 'run.yaml'" in said
    assert "got 'run_dim_accounts.sql'" in said
    assert (Path("run.yaml").read_text(), Path("run_dim_accounts.sql").read_text()) == ("mine", "mine")
    assert not Path("run_fct_revenues.sql").exists()
    assert init(workspace, "--facts", "umsatz.csv", "--force") == 0
    assert "sources" in yaml.safe_load(Path("run.yaml").read_text())


def test_what_is_no_table_is_told_by_its_option(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(workspace.folder / "run.yaml")
    options = ("--facts", "/nowhere/facts", "--accounts", "/no`where", "--output", output)
    assert init(workspace, *options) == 2
    said = capsys.readouterr().err
    assert (
        "--facts: must be a Delta table, or Parquet or CSV files, got '/nowhere/facts', which isn't there\n"
        in said
    )
    assert "--accounts: path: must be a path without backquotes" in said
    assert not Path(output).exists()


def test_a_path_is_a_name_and_no_pattern(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.folder)
    for name, column in (("umsatz[1].csv", "Umsatz"), ("umsatz1.csv", "Anderes")):
        Path(name).write_text(GERMAN.replace("Umsatz", column), encoding="utf-8")
    assert init(workspace, "--facts", "umsatz[1].csv") == 0
    assert "Umsatz (netto)" in Path("run_fct_revenues.sql").read_text()


def test_a_session_that_is_given_is_left_as_it_was(workspace: Workspace) -> None:
    settings = workspace.spark.conf
    settings.set("spark.sql.caseSensitive", "true")
    try:
        assert init(workspace, "--facts", "/nowhere", "--output", str(workspace.folder / "run.yaml")) == 2
        assert settings.get("spark.sql.caseSensitive") == "true"
    finally:
        settings.set("spark.sql.caseSensitive", "false")

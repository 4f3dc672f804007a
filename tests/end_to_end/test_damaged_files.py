"""Random tables with random damage: each row is used, later, or in quarantine once, as it came.

What is damaged, and which rule says so, is written down here by hand; nothing of the job's rules is used.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs import check_source
from jobs.core.config.rules import QualityRules
from jobs.core.config.settings import load_settings
from jobs.core.quality.checked_source import checked_source
from jobs.core.sources.opening import open_sources
from jobs.core.sources.source_versions import SourceVersions
from tests.conftest import Workspace

AS_OF = date(2024, 6, 30)
SCHEMA = pa.schema(
    [
        ("customer_name", pa.string()),
        ("business_unit", pa.string()),
        ("product", pa.string()),  # tells the rows apart: <number>
        ("event_date", pa.date32()),
        ("total_revenue", pa.decimal128(12, 2)),
        ("total_gross_margin", pa.decimal128(12, 2)),
        ("event_count", pa.int32()),
        ("cs_representative", pa.string()),
        ("region", pa.string()),
        ("account_id", pa.string()),
    ]
)
READ: dict[pa.DataType, Callable[[str], object]] = {
    pa.date32(): date.fromisoformat,
    pa.decimal128(12, 2): Decimal,
    pa.int32(): int,
    pa.string(): str,
}
NAMES = [
    "Ann",
    "Ann & Co, Ltd",
    'The "Best"',
    "two\nlines",
    "two\r\nlines",
    " Žižkov",
    "名前",
    "NULL",
    "a;b\tc",
]
ENDS = ["\n", "\r\n", "\r"]
# What may be wrong with a value: the column, what stands there, and the rule that it breaks.
ANYWHERE = [
    *(
        ("customer_name", blank, "customer_key_missing")
        for blank in ("", "  ", "\t", "\u00a0", "\u200b\u3000\x7f")
    ),
    ("event_date", "", "event_date_missing"),
    ("event_date", "1899-12-31", "event_date_absurd"),
    ("event_date", "9999-12-31", "event_date_absurd"),
    ("event_date", "0001-01-01", "event_date_absurd"),
    ("total_revenue", "", "total_revenue_missing"),
    ("total_gross_margin", "", "total_gross_margin_missing"),
    ("event_count", "", "event_count_missing"),
    ("event_count", "-1", "event_count_negative"),
]
IN_TEXT = [
    ("event_date", "2024-06-30 / 2024-07-05", "event_date_unreadable"),
    ("event_date", "30.06.2024", "event_date_unreadable"),
    ("event_date", "2024-06-30 25:00", "event_date_unreadable"),
    ("total_revenue", "1,5", "total_revenue_unreadable"),
    ("total_gross_margin", "n/a", "total_gross_margin_unreadable"),
    ("event_count", "1.5", "event_count_unreadable"),
]
OF_RECORDS = ["more", "fewer", "loose quote", "bytes"]


@dataclass
class Given:
    """A row as text, what is wrong with its record, and the rules that it breaks."""

    row: dict[str, str]
    damage: str = ""
    reasons: set[str] = field(default_factory=set)


def rows(
    rng: Random, first: int, count: int, faults: list[tuple[str, str, str]], damages: list[str]
) -> list[Given]:
    made = []
    for number in range(first, first + count):
        given = Given(
            {
                "customer_name": rng.choice(NAMES),
                "business_unit": rng.choice(["Core", "", "Über, alles"]),
                "product": f"<{number}>",
                "event_date": f"2024-0{rng.randint(1, 9)}-{rng.randint(1, 28):02}",
                "total_revenue": f"{rng.randint(-9999, 9999) / 100:.2f}",
                "total_gross_margin": "0.01",
                "event_count": str(rng.randint(0, 9)),
                "cs_representative": rng.choice(["Eve", ""]),
                "region": rng.choice(["North", "O'South"]),
                "account_id": rng.choice(["00001", "1e3"]),
            }
        )
        kind = rng.choice(["", "value", "value", "record" if damages else ""])
        if kind == "value":
            chosen = {
                column: (value, reason) for column, value, reason in rng.sample(faults, rng.choice([1, 2]))
            }
            given.row.update({column: value for column, (value, _) in chosen.items()})
            given.reasons = {reason for _, reason in chosen.values()}
        elif kind == "record":
            given.damage = rng.choice(damages)
            given.row["customer_name"] = "Ann"  # on one line, as a loose quote leaves it
            given.reasons = {"text_undecodable" if given.damage == "bytes" else "row_malformed"}
        made.append(given)
    return made


def record(given: Given, rng: Random) -> bytes:
    """A row as a record of a CSV file, with its damage."""
    out = io.StringIO()
    quoting: Literal[0, 1] = rng.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL))
    csv.writer(out, quoting=quoting).writerow(given.row.values())
    text = out.getvalue().removesuffix("\r\n")
    if given.damage == "more":
        text += ",more"
    if given.damage == "fewer":
        text = text.rsplit(",", 1)[0]
    if given.damage == "loose quote":
        text = f'"x" {text}'
    return text.encode().replace(b"<", b"<\xff" if given.damage == "bytes" else b"<")


def typed(given: Given) -> dict[str, Any]:
    return {
        each.name: READ[each.type](given.row[each.name]) if given.row[each.name] else None for each in SCHEMA
    }


def ends_in_plain_words(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a source holds, it is used or refused in words of the job's, and is no failure."""
    log = workspace.folder / "check.log"
    assert check_source.run(["--config", str(workspace.config), "--log-file", str(log)]) in {0, 2, 3}
    assert "Traceback" not in capsys.readouterr().err


def number_of(text: str) -> int:
    """The number of a row, from its product or its whole text."""
    (found,) = set(re.findall(r"<\ufffd?(\d+)>", text))
    return int(found)


def read(
    workspace: Workspace, facts: dict[str, str]
) -> tuple[dict[int, Any], dict[int, set[str]], dict[int, str]]:
    """Used rows, and of quarantined ones the reasons and the row as it came, by number."""
    workspace.configure(
        sources={"fct_revenues": facts, "dim_accounts": {"path": "accounts.csv", "format": "csv"}}
    )
    settings = load_settings(workspace.config, [])
    frames = open_sources(workspace.spark, settings, SourceVersions())
    rules = QualityRules.of(settings).rows["fct_revenues"]
    source = checked_source("fct_revenues", frames["fct_revenues"], rules, (), [AS_OF])[AS_OF]
    used = source.usable(["product", "customer_key", "event_date", "total_revenue"]).collect()
    aside = source.quarantined().collect()
    numbers = Counter([number_of(row["product"]) for row in used])
    numbers += Counter(number_of(row["source_row"]) for row in aside)
    assert set(numbers.values()) == {1}
    totals = source.totals
    assert totals["later_rows"] == sum(row["event_date"] > AS_OF for row in used)
    assert totals["rows"] == len(used) + totals["quarantined"]
    assert totals["revenue"] == sum(row["total_revenue"] for row in used) + totals["quarantined_revenue"]
    return (
        {number_of(row["product"]): tuple(row)[1:] for row in used},
        {number_of(row["source_row"]): set(row["reasons"]) for row in aside},
        {number_of(row["source_row"]): row["source_row"] for row in aside},
    )


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
def test_each_row_is_used_or_set_aside_once_in_every_format(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    rng = Random(seed)
    anywhere = rows(rng, 0, 150, ANYWHERE, [])
    in_text = rows(rng, 1000, 100, [*ANYWHERE, *IN_TEXT], OF_RECORDS)
    (workspace.folder / "accounts.csv").write_text("account_id,status\n1,active\n")
    table = pa.Table.from_pylist([typed(given) for given in anywhere], SCHEMA)
    pq.write_table(table, workspace.folder / "facts.parquet")
    stored = workspace.spark.read.parquet(str(workspace.folder / "facts.parquet"))
    stored.write.format("delta").save(str(workspace.folder / "delta"))
    mixed = rng.sample([*anywhere, *in_text], 250)
    written = {number_of(given.row["product"]): record(given, rng) for given in mixed}
    lines = [",".join(SCHEMA.names).encode(), *written.values()]
    (workspace.folder / "facts.csv").write_bytes(b"".join(line + rng.choice(ENDS).encode() for line in lines))

    parquet = read(workspace, {"path": "facts.parquet", "format": "parquet"})
    if seed > 1:  # the command takes as long as all else
        ends_in_plain_words(workspace, capsys)
    delta = read(workspace, {"path": "delta"})
    if seed > 1:
        ends_in_plain_words(workspace, capsys)
    text = read(workspace, {"path": "facts.csv", "format": "csv"})
    ends_in_plain_words(workspace, capsys)

    assert parquet == delta
    for number, came in parquet[2].items():
        (each,) = (each for each in anywhere if each.row["product"] == f"<{number}>")
        assert json.loads(came, parse_float=Decimal) == {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in typed(each).items()
        }
    for format_read, given in ((parquet, anywhere), (text, mixed)):
        by_number = {number_of(each.row["product"]): each for each in given}
        used, reasons, _ = format_read
        assert reasons == {number: each.reasons for number, each in by_number.items() if each.reasons}
        assert used == {
            number: tuple(typed(each)[name] for name in ("customer_name", "event_date", "total_revenue"))
            for number, each in by_number.items()
            if not each.reasons
        }
    for number, came in text[2].items():
        each = next(each for each in mixed if each.row["product"] == f"<{number}>")
        kept = json.loads(came)
        as_text = written[number].decode(errors="replace")
        if each.damage in {"", "bytes"}:
            shown = {name: value or None for name, value in each.row.items()}
            if each.damage:
                shown |= {"product": f"<\ufffd{number}>", "row_bytes": written[number].hex().upper()}
            assert kept == shown
        else:
            assert kept == {"row_text": as_text}

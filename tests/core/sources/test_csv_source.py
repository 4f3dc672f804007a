"""CSV files are read strictly: each record is a row, or a bad row as it came."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.core.config.inputs import Input
from jobs.core.runtime.errors import BadDataError, ConfigurationError
from jobs.core.sources.csv_source import RECORD
from jobs.core.sources.files import Opened, open_input
from jobs.core.sources.read_errors import read_errors_told
from jobs.core.sources.rows import of_record
from jobs.core.sources.source_versions import SourceVersions
from tests.csv_reference import records

HEADER = "account_id,status\n"
ENDS = ["\n", "\n", "\n", "\r\n", "\r"]
SIGNS = ["a", "b", " ", ",", ",", '"', '"', "é", "\t"]


class Files:
    """A folder of CSV files."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark = spark
        self.folder = folder

    def open(self, content: bytes | dict[str, bytes], *, of_query: bool = False, **settings: Any) -> Opened:
        for name, data in (content if isinstance(content, dict) else {"a.csv": content}).items():
            file = self.folder / "files" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        given = Input(path=str(self.folder / "files"), format="csv", **settings)
        return open_input(self.spark, "sources.facts", given, SourceVersions(), of_query=of_query)

    def rows(self, content: bytes | dict[str, bytes], **settings: Any) -> list[tuple[Any, ...]]:
        """The columns of the files; of a record that can't be read its JSON and its lines. In any order."""
        frame = self.open(content, **settings).frame
        columns = [f"`{name}`" for name in frame.columns if name != RECORD]
        with read_errors_told("sources.facts"):
            found = frame.select(*columns, *of_record(frame)).collect()
        return sorted(
            (
                (json.loads(row["unread"]), row["file_lines"])
                if row["unread"] is not None
                else tuple(row)[: len(columns)]
                for row in found
            ),
            key=str,
        )


@pytest.fixture
def files(spark: SparkSession, tmp_path: Path) -> Files:
    return Files(spark, tmp_path)


def test_records_are_split_as_csv_says_whatever_their_quotes_and_line_ends(files: Files) -> None:
    rng = Random(20)
    contents: dict[str, str] = {}
    for number in range(120):
        # Files without a quote are read in another way, and so are those of one kind of line ends.
        signs, ends = [(SIGNS, ENDS), (SIGNS, ["\n"]), (SIGNS[:5], ["\r\n"])][number % 3]
        body = "".join(rng.choice([*signs * 2, *ends]) for _ in range(rng.randint(0, 60)))
        text = HEADER + body
        if any(record.is_open for record in records(text)):
            text += '"'
        contents[f"file={number:03}/a.csv"] = text

    opened = files.open({name: text.encode() for name, text in contents.items()}).frame

    found: dict[str, list[Any]] = {}
    for row in opened.select("file", "account_id", "status", *of_record(opened)).collect():
        kept = (
            json.loads(row["unread"])["row_text"]
            if row["is_malformed"]
            else (row["account_id"], row["status"])
        )
        lines = row["file_lines"]
        found.setdefault(row["file"], []).append((kept, lines))
    expected: dict[str, list[Any]] = {}
    for name, text in contents.items():
        for record in records(text):
            is_malformed = record.is_loose or len(record.fields) != 2
            kept = record.text if is_malformed else tuple(field or None for field in record.fields)
            if record.text != HEADER.strip():
                expected.setdefault(name[5:8], []).append((kept, record.lines))
    assert {name: sorted(rows, key=str) for name, rows in found.items()} == {
        name: sorted(rows, key=str) for name, rows in expected.items()
    }


def test_a_record_of_another_length_is_kept_as_it_came(files: Files) -> None:
    assert files.rows(b"a,b\n1,2\n1,2,3\n4\n,\n") == [
        ("1", "2"),
        (None, None),
        ({"row_text": "1,2,3"}, 1),
        ({"row_text": "4"}, 1),
    ]


def test_rows_that_a_stray_quote_swallowed_are_one_record_of_as_many_lines(files: Files) -> None:
    text = 'a,b\n1,"Doe\n2,x\n3,x\n4,"y"\n5,z\n'
    assert files.rows(text.encode()) == [
        ("5", "z"),
        ({"row_text": '1,"Doe\n2,x\n3,x\n4,"y"'}, 4),
    ]


def test_bytes_that_are_no_text_are_shown_beside_their_hexadecimal_form(files: Files) -> None:
    assert files.rows(b"a,b\n1,Caf\xe9\r\n2,Caf\xc3\xa9\nx\xff\n") == [
        ("2", "Café"),
        ({"a": "1", "b": "Caf\ufffd", "row_bytes": "312C436166E9"}, 1),
        ({"row_bytes": "78FF", "row_text": "x\ufffd"}, 1),
    ]


def test_bytes_that_are_no_text_are_found_in_records_of_several_lines(files: Files) -> None:
    assert files.rows(b'a,b\r1,"x\n\xe9"\r2,\xff\r\n3,"4"\r') == [
        ("3", "4"),
        ({"a": "1", "b": "x\n\ufffd", "row_bytes": "312C22780AE922"}, 2),
        ({"a": "2", "b": "\ufffd", "row_bytes": "322CFF"}, 1),
    ]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("windows-1252", "Žižkov €"),
        ("latin-1", "Café Ruiz"),
        ("iso-8859-15", "Œuvre €"),
        ("cp437", "Größe"),
        ("utf-16", "Žižkov 名前 ਊĀ"),
        ("utf-16-le", "Žižkov ਊĀ"),
        ("utf-8", "Žižkov 名前 𝄞"),
    ],
)
def test_files_are_read_in_their_encoding(files: Files, encoding: str, text: str) -> None:
    content = f'a;b\r\n1;{text}\r\n"2;";"{text}\r\n{text}"\r\n'
    found = files.rows(content.encode(encoding), encoding=encoding, delimiter=";")
    assert found == [("1", text), ("2;", f"{text}\r\n{text}")]


def test_bytes_without_a_meaning_in_an_encoding_are_no_text(files: Files) -> None:
    assert files.rows(b"a,b\n1,\x80\n2,\x80\x81\n", encoding="windows-1252") == [
        ("1", "€"),
        ({"a": "2", "b": "€\ufffd", "row_bytes": "322C8081"}, 1),
    ]


def test_a_file_of_another_encoding_is_refused_by_name(files: Files) -> None:
    with pytest.raises(ConfigurationError, match=r"facts.encoding: must be that of the file .*a\.csv"):
        files.open("a,b\n1,2\n".encode("utf-16"))


def test_quotes_can_be_others_or_none(files: Files) -> None:
    assert files.rows(b"a|b\n'x|y'|it''s\n", delimiter="|", quote="'") == [("x|y", "it''s")]
    assert files.rows(b"a\tb\n\"x\t'y\n", delimiter="\t", quote="") == [('"x', "'y")]


@pytest.mark.parametrize(
    ("content", "settings", "told"),
    [
        (b'a,b\n1,2\n3,"x\n4,y\n', {}, r"line 3 of .*a\.csv: a quote is opened that is never closed"),
        (b"a,b\n1,2\n3,12345\n", {"max_field_characters": 4}, r"line 3 of .*a\.csv: a field has more than 4"),
        (b'a,b\r1,"2\r2"\r3,12345\r', {"max_field_characters": 4}, r"line 4 of .*a\.csv: a field has more"),
        (b'a,b\n1,"' + b"x\n" * 99 + b'",\n', {"max_field_characters": 9}, r"line 2 of .*: a field has more"),
    ],
)
def test_a_field_without_an_end_refuses_the_file_with_its_line(
    files: Files, content: bytes, settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(BadDataError, match=rf"^sources\.facts: {told}"):
        files.rows(content, **settings)


def test_fields_may_be_as_long_as_is_allowed(files: Files) -> None:
    assert files.rows(b'a,b\n1234,"12""4"\n', max_field_characters=4) == [("1234", '12"4')]


def test_files_with_another_order_of_columns_are_read_by_name(files: Files) -> None:
    contents = {
        "x.csv": b"a,b,c\n1,2,3\n",
        "y.csv": b"c,a,b\n6,4,5\n",
        "z.csv": b"\xef\xbb\xbfb,c,a\r\n8,9,7\r\n",
    }
    assert files.rows(contents) == [("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9")]


def test_files_with_other_columns_are_refused_by_name(files: Files) -> None:
    with pytest.raises(ConfigurationError) as refused:
        files.open({"x.csv": b"a,b\n1,2\n", "y.csv": b"b,c\n1,2\n", "z.csv": b"a\n1\n"})
    assert [
        problem.split("got ")[1].replace(str(files.folder), "") for problem in refused.value.problems
    ] == [
        "/files/y.csv, which lacks a and has besides c (the header of /files/x.csv is a, b)",
        "/files/z.csv, which lacks b (the header of /files/x.csv is a, b)",
    ]


def test_folders_of_partitions_keep_their_text(files: Files) -> None:
    assert files.rows({"unit=007/a.csv": b"a\n1\n", "unit=8/a.csv": b"a\n2\n"}) == [("1", "007"), ("2", "8")]


def test_headers_that_are_repeated_are_no_rows(files: Files) -> None:
    assert files.rows(b"\n a,b\n1,2\n\n a,b\n3,4\n  \n") == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_files_without_a_header_are_refused(files: Files, content: bytes) -> None:
    with pytest.raises(ConfigurationError, match="must hold CSV files that begin with a header"):
        files.open(content)


def test_a_query_sees_the_rows_that_could_be_read_alone(files: Files) -> None:
    opened = files.open(b"a,b\n1,2\n1,2,3\n4,\xff\n", of_query=True)
    assert [tuple(row) for row in opened.readable().collect()] == [("1", "2")]
    assert opened.unreadable().count() == 2
    assert not files.open(b'a,b\n1,"2"\n', of_query=True).has_unreadable

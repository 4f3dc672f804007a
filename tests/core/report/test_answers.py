"""What is printed for people and for programs, whatever the rows hold."""

import io
import json

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from jobs.core.report.answers import Answers

HOSTILE = "[bold]x[/] \x1b[2J\x7f\u202e\U000e0041\n\udcff Ü"
ROWS = [{"name": HOSTILE, "count": 1234567, "none": None, "parts": ["a", "b"]}]


def answers(*, as_json: bool) -> Answers:
    return Answers(as_json=as_json, console=Console(file=io.StringIO(), width=200))


def printed(given: Answers) -> str:
    assert isinstance(given.console.file, io.StringIO)
    return given.console.file.getvalue()


def test_programs_get_one_array_of_ascii_whatever_the_rows_hold() -> None:
    with answers(as_json=True) as given:
        given.text("for people")
        given.rows("title", ROWS, about="row")
        given.rows("title", [{"other": True}])
    text = printed(given)
    assert all(" " <= character <= "~" or character == "\n" for character in text)
    assert json.loads(text) == [{"about": "row", **ROWS[0]}, {"other": True}]
    assert len(text.splitlines()) == 4, "a row a line"


def test_no_rows_are_an_empty_array() -> None:
    with answers(as_json=True) as given:
        given.rows("title", [])
    assert json.loads(printed(given)) == []


def failing(given: Answers, rows: list[dict[str, int]]) -> str:
    """What is printed before an error."""

    def fail() -> None:
        with given:
            given.rows("title", rows)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    return printed(given)


def test_an_error_leaves_a_whole_array_or_none() -> None:
    assert json.loads(failing(answers(as_json=True), [{"a": 1}])) == [{"a": 1}]
    assert failing(answers(as_json=True), []) == "", "nothing found would be another answer"


def test_people_see_a_table_in_which_nothing_acts() -> None:
    with answers(as_json=False) as given:
        given.rows("[red]title\x1b", ROWS, {"count": lambda count: f"~{count:,}"}, about="row")
    assert [" ".join(line.split()) for line in printed(given).splitlines()] == [
        "",
        "[red]title\\x1b",
        "name count none parts",
        "[bold]x[/] \\x1b[2J\\x7f\\u202e\\U000e0041\\n\\udcff Ü ~1,234,567 a, b",
    ]


FRAME = """SELECT id, CAST(id AS DECIMAL(38, 2)) + 9007199254740993.01 AS money, DATE '2024-12-31' AS day,
    TIMESTAMP '2024-12-31 10:00:00' AS at, CAST(NULL AS STRING) AS none, concat('\\u202eÜ', id) AS name,
    named_struct('what', 'a', 'when', DATE '2024-01-01') AS latest
FROM range({rows}) ORDER BY id"""


def test_programs_get_all_rows_of_a_frame_exactly(spark: SparkSession) -> None:
    with answers(as_json=True) as given:
        given.frame("rows", spark.sql(FRAME.format(rows=60)), table="numbers")
    text = printed(given)
    assert text.isascii()
    rows = json.loads(text, parse_float=str)
    assert [row["id"] for row in rows] == list(range(60))
    assert rows[1] == {
        "table": "numbers",
        "id": 1,
        "money": "9007199254740994.01",
        "day": "2024-12-31",
        "at": "2024-12-31T10:00:00.000Z",
        "none": None,
        "name": "\u202eÜ1",
        "latest": {"what": "a", "when": "2024-01-01"},
    }


def test_people_see_the_first_rows_of_a_frame_and_how_many_there_are(spark: SparkSession) -> None:
    with answers(as_json=False) as given:
        given.frame("waiting", spark.sql(FRAME.format(rows=60)))
    lines = [" ".join(line.split()) for line in printed(given).splitlines()]
    assert lines[1:4] == [
        "60 waiting, the first 50",
        "id money day at none name latest",
        "0 9007199254740993.01 2024-12-31 2024-12-31 10:00:00 \\u202eÜ0 a 2024-01-01",
    ]
    assert len(lines) == 3 + 50

"""Words that Spark reads as names and sqlglot as keywords, in mapping queries. Starts no Spark."""

import random

import pytest
from sqlglot.dialects.databricks import Databricks

from tests.core.sources.test_mapping_query import RELATION_PLACES, problems

# What sqlglot may take for something else than a name.
KEYWORDS = sorted(
    {
        word
        for keyword in [*Databricks.Tokenizer.KEYWORDS, "UNPIVOT FETCH QUALIFY TABLESAMPLE JOIN AND OR MAP"]
        for word in keyword.split()
        if word.isidentifier()
    }
)
NOT_UNDERSTOOD = "must be one valid SELECT, got something that can't be understood, and so not checked"


@pytest.mark.parametrize(
    "place", [*RELATION_PLACES, "SELECT * FROM raw, {} x", "SELECT * FROM raw JOIN {} x"]
)
def test_a_table_of_a_schema_called_like_a_keyword_is_no_input(place: str) -> None:
    for word in KEYWORDS:
        assert problems(place.format(f"{word}.raw")), word


@pytest.mark.parametrize("relation", ["{} . `raw`", "{}.raw AS x", "{}.1raw", "{}/* */.raw", "x.{}.raw"])
def test_a_table_of_a_schema_called_like_a_keyword_is_no_input_however_it_is_written(relation: str) -> None:
    for word in KEYWORDS:
        assert problems("SELECT * FROM ?".replace("?", relation.format(word))), word


@pytest.mark.parametrize("word", ["stream", "FROM", "describe", "join", "Select", "fetch"])
def test_a_schema_called_like_a_keyword_is_told_like_others(word: str) -> None:
    told = f"must read its inputs alone (other, raw), got {word}.raw; name it in inputs"
    for query in (
        "SELECT * FROM WORD.raw",
        "SELECT * FROM raw, WORD.raw x",
        "SELECT * FROM raw JOIN WORD.raw AS x ON x.id = raw.id",
        "WITH raw AS (SELECT 1 AS id) SELECT * FROM WORD.raw",
    ):
        assert problems(query.replace("WORD", word)) == [told]


@pytest.mark.parametrize(
    "place",
    [
        "SELECT * FROM {}",
        "SELECT * FROM raw, {}",
        "SELECT * FROM raw JOIN {}",
        "SELECT * FROM ({})",
        "FROM {} SELECT *",
        "SELECT * FROM {} raw",
        "SELECT * FROM {} AS raw",
        "SELECT * FROM raw, {} `raw`",
        "SELECT * FROM raw JOIN {} raw",
        "SELECT * FROM {}, raw",
        "SELECT * FROM ({}, raw)",
        "SELECT * FROM ({} JOIN raw)",
        "SELECT * FROM ({} s JOIN raw)",
        "SELECT * FROM raw {} JOIN secret",
        "SELECT * FROM raw {}, secret",
        "SELECT {} FROM secret",
        "SELECT id, {} FROM secret",
        "WITH secret AS (SELECT 1) SELECT * FROM {} secret",
        "WITH `from` AS (SELECT 1) SELECT {} FROM secret",
    ],
)
def test_a_table_called_like_a_keyword_is_no_input(place: str) -> None:
    for word in KEYWORDS:
        assert problems(place.format(word)), word


def test_a_table_function_called_like_a_keyword_is_none_of_sparks() -> None:
    for word in {*KEYWORDS} - {"VALUES", "RANGE"}:
        for query in ("SELECT * FROM WORD(id)", "SELECT * FROM raw JOIN WORD (id)"):
            assert problems(query.replace("WORD", word)), word


def test_columns_called_like_keywords_are_columns() -> None:
    for word in ("stream", "describe", "fetch", "pivot", "Unpivot"):
        for query in (
            "SELECT WORD, raw.WORD AS WORD FROM raw WHERE WORD = 1",
            "SELECT WORD.id, WORD.* FROM raw AS WORD",
        ):
            assert problems(query.replace("WORD", word)) == []
    assert problems("SELECT 1.5, .5, 1., 2.e1, raw.id FROM raw WHERE .5 < id") == []
    backquotes = "must write names that are keywords in backquotes, got where"
    assert problems("SELECT id, where FROM raw") == [backquotes]
    assert problems("SELECT id, `where` FROM raw") == []


def test_rows_of_an_inline_table_are_told_from_the_alias_of_a_table() -> None:
    (told,) = problems("SELECT * FROM VALUES array(x)")  # to Spark a table, its alias, and a column's
    assert told.endswith("in backquotes, got VALUES; rows stand in parentheses, as in VALUES (1), (2)")
    assert problems("SELECT * FROM VALUES (array(1)), (array(2)) AS t(x)") == []
    assert problems("SELECT * FROM raw, VALUES DATE '2024-01-01', DATE '2024-02-01'") == []


@pytest.mark.parametrize("expression", ["map(id)", "map(1, 2, 3)", "date_trunc()"])
def test_what_cannot_be_parsed_is_not_understood(expression: str) -> None:
    (told,) = problems("SELECT ? FROM raw".replace("?", expression))
    assert told == f"{NOT_UNDERSTOOD}: mend it, or write it otherwise"


def test_no_soup_of_words_raises_anything_but_refusals() -> None:
    signs = ["(", ")", ",", ".", "*", "+", "=", "->", "::", "[", "]", "1", "2.5", "'a'", "`b`"]
    functions = [f"{name}(" for name in Databricks.Parser.FUNCTIONS]
    words = [*KEYWORDS, *functions, *4 * [*signs, "raw", "other", "id"]]
    random_words = random.Random(19)
    for _ in range(700):
        soup = " ".join(random_words.choices(words, k=random_words.randint(1, 8)))
        for query in ("SELECT SOUP", "SELECT SOUP) FROM raw", "SELECT * FROM SOUP"):
            problems(query.replace("SOUP", soup))


def test_no_arguments_of_a_function_raise_anything_but_refusals() -> None:
    for name in Databricks.Parser.FUNCTIONS:
        for arguments in ("", "id", "1, 'a', 2"):
            problems("SELECT ? FROM raw".replace("?", f"{name}({arguments})"))

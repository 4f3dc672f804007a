"""Results of the benchmark stay valid when only comments change. Starts no Spark."""

import pytest
from benchmark_code import without_comments


@pytest.mark.parametrize(
    ("suffix", "text", "told_otherwise", "other"),
    [
        (
            ".py",
            '"""Adds."""\n\n\ndef add(a, b):\n    """Sum."""\n    return a + b  # both\n',
            "def add(a, b):\n    return (a\n        + b)\n",
            "def add(a, b):\n    return a - b\n",
        ),
        (
            ".sql",
            "-- Grain: one row.\nSELECT a, '-- b' AS c -- noqa\nFROM t",
            "SELECT\n    a,\n    '-- b' AS c\nFROM t",
            "SELECT a, '-- d' AS c FROM t",
        ),
        (".sql", "SELECT total AS tier", "SELECT\n    total AS tier", "SELECT 'total' AS tier"),
        (
            ".sql",
            "SELECT /*+ BROADCAST(t) */ a FROM t",
            "SELECT /*+ BROADCAST(t) */\na FROM t",
            "SELECT a FROM t",
        ),
        (".yaml", "a: 1  # one\nb: [2]\n", "# two\na: 1\nb:\n  - 2\n", "a: 1\nb: [3]\n"),
        (".conf", "# why\nspark.a   1\n", "spark.a   1\n\n# other\n", "spark.a   2\n"),
    ],
)
def test_comments_and_docstrings_are_not_what_a_file_says(
    suffix: str, text: str, told_otherwise: str, other: str
) -> None:
    assert without_comments(suffix, text) == without_comments(suffix, told_otherwise)
    assert without_comments(suffix, text) != without_comments(suffix, other)

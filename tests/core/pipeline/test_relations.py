"""Which relations a text reads, beside the common table expressions of its own."""

import pytest

from jobs.core.pipeline.relations import reads


@pytest.mark.parametrize(
    ("text", "relations"),
    [
        ("WITH a AS (SELECT 1 FROM b) SELECT 1 FROM a", ["b"]),
        # Of a WITH each expression sees those before it, and itself means the relation.
        ("WITH a AS (SELECT 1 FROM b), c AS (SELECT 1 FROM a) SELECT 1 FROM c", ["b"]),
        ("WITH a AS (SELECT 1 FROM a) SELECT 1 FROM a", ["a"]),
        ("WITH a AS (SELECT 1 FROM b), b AS (SELECT 1 FROM c) SELECT 1 FROM a JOIN b", ["b", "c"]),
        # Outside the query that defines it a name means the relation.
        ("SELECT 1 FROM (WITH a AS (SELECT 1 FROM b) SELECT 1 FROM a) AS d JOIN a", ["b", "a"]),
        ("SELECT 1 FROM a WHERE 1 IN (WITH a AS (SELECT 1 FROM b) SELECT 1 FROM a)", ["a", "b"]),
        ("WITH c AS (WITH a AS (SELECT 1 FROM b) SELECT 1 FROM a) SELECT 1 FROM c JOIN a", ["b", "a"]),
        ("(WITH a AS (SELECT 1 FROM b) SELECT 1 FROM a) UNION ALL SELECT 1 FROM a", ["b", "a"]),
        # Inside it, however deep, the expression.
        ("WITH a AS (SELECT 1 FROM b) SELECT 1 FROM c WHERE 1 IN (SELECT 1 FROM a)", ["b", "c"]),
        ("WITH a AS (SELECT 1 FROM b) SELECT 1 FROM a UNION ALL SELECT 1 FROM a", ["b"]),
        (
            "WITH a AS (SELECT 1 FROM b), c AS (WITH d AS (SELECT 1 FROM a) SELECT 1 FROM d) SELECT 1 FROM c",
            ["b"],
        ),
    ],
)
def test_a_name_is_a_common_table_expression_only_where_it_is_defined(
    text: str, relations: list[str]
) -> None:
    assert [relation.name for relation in reads(text).relations] == relations

"""Mapping queries: what they may read and call, wherever in the text it stands. Starts no Spark."""

from pathlib import Path

import pytest

from jobs.core.runtime.errors import Problems
from jobs.core.sources.mapping_query import check_mapping_query
from tests.conftest import CHECKOUT

INPUTS = {"raw": ["id", "day", "items", "user"], "other": ["id"]}
FUNCTIONS = {"inline_outer", "json_tuple"}


def problems(query: str) -> list[str]:
    """What is wrong with a query over INPUTS; nothing if it may run."""
    found = Problems()
    with found.gathered():
        check_mapping_query(query, INPUTS, FUNCTIONS, "q.sql")
    assert all(problem.startswith("q.sql must ") for problem in found)
    return [problem.removeprefix("q.sql ") for problem in found]


# Every place in which a relation, or an expression, can stand.
RELATION_PLACES = [
    "SELECT * FROM {}",
    "SELECT * FROM raw, {}",
    "SELECT * FROM raw JOIN {} ON TRUE",
    "SELECT * FROM raw LEFT ANTI JOIN {} x ON raw.id = x.id",
    "SELECT * FROM (raw CROSS JOIN {})",
    "SELECT * FROM ({})",
    "SELECT * FROM (SELECT * FROM {}) t",
    "SELECT (SELECT max(id) FROM {}) AS most FROM raw",
    "SELECT * FROM raw WHERE id IN (SELECT id FROM {})",
    "SELECT * FROM raw WHERE EXISTS (SELECT 1 FROM {})",
    "SELECT * FROM raw UNION ALL SELECT * FROM {}",
    "SELECT * FROM raw MINUS (SELECT * FROM {})",
    "WITH a AS (SELECT * FROM {}) SELECT * FROM a",
    "WITH a AS (SELECT * FROM raw), b AS (SELECT * FROM a JOIN {}) SELECT * FROM b",
    "SELECT * FROM (WITH a AS (SELECT * FROM {}) SELECT * FROM a)",
    "SELECT * FROM raw JOIN LATERAL (SELECT * FROM {}) t",
    "FROM {} SELECT *",
    "SELECT * FROM {} PIVOT (sum(id) FOR day IN (1, 2))",
    "SELECT id, CASE WHEN id IN (SELECT id FROM {}) THEN 1 END FROM raw",
    "SELECT id FROM raw ORDER BY (SELECT max(id) FROM {})",
    "SELECT id FROM raw GROUP BY id HAVING id > (SELECT max(id) FROM {})",
    "VALUES ((SELECT max(id) FROM {}))",
]
EXPRESSION_PLACES = [
    "SELECT {} AS x FROM raw",
    "SELECT id FROM raw WHERE day = {}",
    "SELECT id FROM raw WHERE day IN (1, {})",
    "SELECT id FROM raw WHERE id IN (SELECT {} FROM other)",
    "WITH a AS (SELECT {} AS x) SELECT * FROM a",
    "SELECT * FROM (SELECT {} AS x FROM raw)",
    "SELECT (SELECT max({}) FROM raw) AS x",
    "SELECT x FROM raw LATERAL VIEW explode(array({})) t AS x",
    "SELECT x FROM raw, LATERAL explode(array({})) AS t(x)",
    "SELECT a.id FROM raw a JOIN other b ON a.id = {}",
    "SELECT transform(items, x -> {}) AS y FROM raw",
    "SELECT max(id) OVER (ORDER BY {}) AS x FROM raw",
    "SELECT max(id) OVER w AS x FROM raw WINDOW w AS (PARTITION BY {})",
    "SELECT id FROM raw GROUP BY id HAVING max(day) = {}",
    "SELECT id FROM raw ORDER BY {}",
    "SELECT id FROM raw DISTRIBUTE BY {}",
    "SELECT id FROM raw QUALIFY max(id) OVER (ORDER BY day) = {}",
    "SELECT CASE WHEN day = {} THEN 1 END AS x FROM raw",
    "SELECT coalesce(day, cast({} AS DATE)), {}::string FROM raw",
    "SELECT * FROM VALUES ({}) AS t(x)",
    "SELECT id -- a comment; SELECT\n, {} /* another */ FROM raw",
]
OUTSIDE = {
    "secret": "secret",
    "Sales.Secret": "Sales.Secret",
    "main.sales.secret": "main.sales.secret",
    "`secret`": "secret",
    "delta.`/data/secret`": "delta./data/secret",
    "csv.`/etc/passwd`": "csv./etc/passwd",
    "`parquet`.`s3://bucket/x`": "parquet.s3://bucket/x",
    "text . `/etc/passwd`": "text./etc/passwd",
    "`delta./data/secret`": "delta./data/secret",
    "global_temp.raw": "global_temp.raw",
    "session.raw": "session.raw",
}


@pytest.mark.parametrize("place", RELATION_PLACES)
def test_every_relation_is_an_input(place: str) -> None:
    for relation, named in OUTSIDE.items():
        assert problems(place.format(relation)) == [
            f"must read its inputs alone (other, raw), got {named}; name it in inputs"
        ]


@pytest.mark.parametrize("place", RELATION_PLACES)
def test_inputs_and_table_functions_are_relations_in_any_case_and_quotes(place: str) -> None:
    for relation in ("other", "OTHER", "`Other`", "range(3)"):
        assert problems(place.format(relation)) == []


@pytest.mark.parametrize("place", [*RELATION_PLACES, "SELECT * FROM raw LATERAL VIEW {} t AS x"])
def test_table_functions_are_those_that_read_nothing(place: str) -> None:
    for name in (
        "read_files",
        "cloud_files",
        "table_changes",
        "sql_keywords",
        "identifier",
        "main.db.numbers",
    ):
        (told, *_) = problems(place.format(f"{name}('secret')"))
        assert f"{name.removeprefix('main.')}()" in told


@pytest.mark.parametrize(
    "query",
    [
        "TABLE secret",
        "SELECT * FROM raw UNION TABLE secret",
        "WITH a AS (TABLE secret) SELECT * FROM a",
        "SELECT id FROM raw WHERE EXISTS (table /* of */ secret)",
        "SELECT * FROM my_udtf(TABLE(secret))",
        "SELECT * FROM range(TABLE secret)",
        "SELECT TRANSFORM(id) USING 'cat' AS (x STRING) FROM raw",
        "SELECT MAP id USING 'cat' AS x FROM raw",
        'SELECT REDUCE id USING "cat" AS x FROM raw',
        "FROM raw |> JOIN secret ON TRUE",
        "SELECT IDENTIFIER('rand')()",
        "SELECT * FROM raw, LATERAL secret",
        "SELECT * FROM UNNEST(items)",
        "SELECT * FROM raw TABLESAMPLE (10 PERCENT)",
        "SELECT * FROM raw TABLESAMPLE (5 ROWS) REPEATABLE (1)",
        "SELECT session.x FROM raw",
        "SELECT system.session.x FROM raw",
        "SELECT '${env:HOME}' AS x FROM raw",
        "SELECT id FROM raw -- ${spark.sql.x}",
        "SELECT main.db.f(id) FROM raw",
        "SELECT other.builtin.f(id) FROM raw",
        "SELECT my_function(id) FROM raw",
        "SELECT id FROM raw WHERE transform(items, x -> `my_function`(x)) = items",
    ],
)
def test_other_ways_to_read_or_run_something_are_refused(query: str) -> None:
    assert problems(query)


def test_common_table_expression_is_known_where_spark_knows_it() -> None:
    unknown = "must read its inputs alone (other, raw), got b; name it in inputs"
    assert problems("WITH b AS (SELECT 1), a AS (SELECT * FROM B) SELECT * FROM a, `b`") == []
    assert problems("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a") == [unknown]
    assert problems("WITH b AS (SELECT * FROM b) SELECT * FROM b") == [unknown]
    assert problems("SELECT * FROM (WITH b AS (SELECT 1) SELECT * FROM b) JOIN b") == [unknown]
    assert problems("(WITH b AS (SELECT 1) SELECT * FROM b) UNION SELECT * FROM b") == [unknown]
    assert problems("WITH b AS (SELECT 1) SELECT * FROM b UNION SELECT * FROM b") == []
    assert problems("WITH b AS (SELECT 1) SELECT (SELECT * FROM (SELECT * FROM b)) FROM raw") == []
    assert (
        problems("WITH b AS (SELECT 1), a AS (WITH c AS (FROM b SELECT *) FROM c SELECT *) FROM a SELECT *")
        == []
    )
    recursive = "WITH RECURSIVE b(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM b WHERE n < 5) SELECT * FROM b"
    assert problems(recursive) == []
    assert problems("WITH b AS (SELECT 1) SELECT * FROM x.b") != []


UNSTABLE = [
    *("now()", "NOW ( )", "`now`()", "now/* */()", "builtin.now()", "system.builtin.NOW()"),
    *("current_date()", "current_timestamp()", "current_time(3)", "current_timezone()", "current_user()"),
    *("current_catalog()", "current_database()", "current_schema()", "curdate()", "localtimestamp()"),
    *("rand()", "rand(5)", "RANDN()", "random()", "randstr(5)", "uniform(1, 2)", "uuid()", "shuffle(items)"),
    *("monotonically_increasing_id()", "spark_partition_id()", "input_file_name()", "version()", "user()"),
    *("input_file_block_start()", "session_user()", "unix_timestamp()", "to_unix_timestamp ( )"),
    *("aes_encrypt('a', 'b')",),
]
CLOCK_WITHOUT_PARENTHESES = [
    "CURRENT_DATE",
    "current_Timestamp",
    "current_time",
    "current_user",
    "session_user",
]
REACHING_OUT = [
    *("reflect('java.lang.System', 'getenv', 'X')", "java_method('a', 'b')", "try_reflect('a', 'b')"),
    *("ai_query('a', 'b')", "http_request('x')", "secret('a', 'b')", "from_protobuf(id, 'A', '/x.desc')"),
]


@pytest.mark.parametrize("place", EXPRESSION_PLACES)
def test_functions_that_change_their_answer_or_reach_out_are_refused(place: str) -> None:
    for call in UNSTABLE:
        assert problems(place.format(*[call] * 2))[0].startswith(
            "must give the same rows whenever it runs, got "
        )
    for call in REACHING_OUT:
        told = problems(place.format(*[call] * 2))
        assert told == [f"must reach nothing outside its inputs, got {call.partition('(')[0]}()"]


@pytest.mark.parametrize("place", EXPRESSION_PLACES)
def test_functions_without_parentheses_are_refused_and_columns_of_their_names_are_not(place: str) -> None:
    for name in [*CLOCK_WITHOUT_PARENTHESES, "USER", "`current_date`", "`session_user`"]:
        assert problems(place.format(*[name] * 2))[0].startswith(
            "must give the same rows whenever it runs, got "
        )
    for column in ("`user`", "raw.user", "raw.`current_date`", "`now`", "now", "raw.rand", "uuid"):
        assert problems(place.format(*[column] * 2)) == []


def test_column_that_the_query_names_so_is_one() -> None:
    assert problems("SELECT day AS current_date FROM raw") == []
    assert problems("SELECT `current_date` FROM (SELECT day AS current_date FROM raw)") == []
    assert problems("SELECT `current_date` FROM VALUES (1) AS t(`current_date`)") == []
    assert problems("SELECT * FROM raw JOIN other USING (`user`)") == []


@pytest.mark.parametrize(
    "text",
    [
        "'now() and rand() in secret'",
        '"current_date"',
        "'it''s now()'",
        r"'it\'s now()'",
        r"r'\' || r'now()'",
        "'--' || 'now()'",
        "'/* ' || '*/'",
        "'now'",
        "1 -- now(), secret, it's\n",
        "1 -- now() \\\n rand()\n",
        "1 /* now()\n it's in secret */",
    ],
)
def test_strings_and_comments_may_mention_anything(text: str) -> None:
    assert problems("SELECT ? AS x FROM raw".replace("?", text)) == []


@pytest.mark.parametrize(
    "query",
    [
        r"SELECT r'\', now() AS t, r'\' FROM raw",
        r'SELECT r"\", now() AS t, r"\" FROM raw',
        r"SELECT 'a\\', now() AS t, '' FROM raw",
        "SELECT '--', now() AS t FROM raw --'",
        'SELECT "\'", now() AS t, "\'" FROM raw',
        "SELECT `'`, now() AS t, `'` FROM raw",
        "SELECT '`', now() AS t, '`' FROM raw",
        "SELECT 1 /* '*/, now() AS t /* '*/ FROM raw",
        "SELECT 1 -- '\n, now() AS t -- '\n FROM raw",
        "SELECT 1 -- x\\\r\n, now() AS t FROM raw",
        "SELECT /*+ BROADCAST(raw) */ now() FROM raw",
    ],
)
def test_code_that_looks_like_a_string_or_a_comment_is_code(query: str) -> None:
    assert problems(query) == ["must give the same rows whenever it runs, got now()"]


@pytest.mark.parametrize(
    "query",
    ["SELECT 'a FROM raw", "SELECT 1 /* now()", "SELECT 1 /* /* */ now() */", "SELECT `a", "SELECT 1 # 2"],
)
def test_text_that_lexers_read_in_different_ways_is_refused(query: str) -> None:
    (told,) = problems(query)
    assert told.startswith("must be one valid SELECT, got ")
    assert "in line 1: a quote or comment that isn't closed" in told


@pytest.mark.parametrize(
    "expression",
    [
        *("DATE 'today'", "CAST('Now' AS TIMESTAMP)", "try_cast(' yesterday ' AS DATE)", "'tomorrow'::date"),
        *(
            "to_date('today')",
            "date('today UTC')",
            "coalesce(day, 'now')",
            "day <= 'today'",
            "day IN ('today')",
        ),
    ],
)
def test_text_that_becomes_a_date_of_the_clock_is_refused(expression: str) -> None:
    (told,) = problems("SELECT ? AS x FROM raw".replace("?", expression))
    assert "which becomes a date of the clock beside dates" in told


def test_text_that_stays_text_may_be_any_word() -> None:
    assert problems("SELECT 'today', 'now' AS x FROM raw WHERE id LIKE 'today' OR id RLIKE 'now'") == []
    assert problems("SELECT DATE '2024-01-31', to_date('today is not one'), 'epoch'::date FROM raw") == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM raw LATERAL VIEW OUTER posexplode(items) t AS position, item",
        "SELECT item FROM raw LATERAL VIEW inline(items) t AS item LATERAL VIEW json_tuple(day, 'x') j AS x",
        "SELECT * FROM explode_outer(array(1)) JOIN inline_outer(array(struct(1))) JOIN variant_explode(1)",
        "SELECT stack(2, 'a', id, 'b', day) AS (kind, value) FROM raw",
        "SELECT inline(array(struct(1, 'a'), struct(2, 'b')))",
        "SELECT * FROM VALUES (1, 'a'), (2, 'b') AS t(x, y)",
        "SELECT * FROM raw PIVOT (sum(id) AS total FOR day IN ('a' AS first, 'b'))",
        "SELECT * FROM raw UNPIVOT INCLUDE NULLS (value FOR kind IN (id AS a, day))",
        "SELECT lag(id, 1) IGNORE NULLS OVER w FROM raw WINDOW w AS (PARTITION BY day ORDER BY id)",
        "SELECT sum(id) OVER (ORDER BY day RANGE BETWEEN INTERVAL 3 DAYS PRECEDING AND CURRENT ROW) FROM raw",
        "SELECT transform(items, (x, i) -> x + i), aggregate(items, 0, (a, x) -> a + x, a -> a * 2) FROM raw",
        "SELECT * FROM raw QUALIFY row_number() OVER (PARTITION BY id ORDER BY day DESC NULLS LAST) = 1",
        "SELECT id::decimal(18, 2), day::date, items[0].a.b, map('a', 1)['a'] FROM raw",
        "SELECT day + INTERVAL '1' DAY, day - INTERVAL 3 MONTHS, INTERVAL '1-2' YEAR TO MONTH FROM raw",
        "SELECT try_cast(id AS DECIMAL(18, 2)), CAST(items AS ARRAY<STRUCT<a: INT, b: MAP<STRING, DATE>>>)",
        "SELECT * EXCEPT (`user`), id DIV 2, id <=> 1, !(id = 1), id || 'x', id % 2, ~id, id ^ 1 FROM raw",
        "SELECT day, count(*) FILTER (WHERE id > 1) FROM raw GROUP BY day WITH ROLLUP",
        "SELECT day, sum(id) FROM raw GROUP BY GROUPING SETS ((day), ()) HAVING sum(id) > 1",
        "SELECT day, sum(id) FROM raw GROUP BY ALL ORDER BY ALL LIMIT 5 OFFSET 1",
        "SELECT /*+ BROADCAST(o), REPARTITION(3) */ * FROM raw r LEFT SEMI JOIN other o USING (id)",
        "SELECT * FROM raw a FULL OUTER JOIN other b ON a.id = b.id NATURAL JOIN other c",
        "SELECT extract(YEAR FROM day), trim(BOTH 'x' FROM id), substring(id FROM 2 FOR 3) FROM raw",
        "SELECT position('a' IN id), overlay(id PLACING 'x' FROM 1 FOR 2) FROM raw",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id) FROM raw",
        "SELECT listagg(id, ',') WITHIN GROUP (ORDER BY id) FROM raw",
        "SELECT id RLIKE '^[0-9]+$', id NOT LIKE 'a%' ESCAPE '/', id ILIKE ANY ('a', 'b') FROM raw",
        "SELECT day IS DISTINCT FROM id, id NOT BETWEEN 1 AND 2, id = 1 IS NOT TRUE FROM raw",
        "SELECT unix_timestamp(day), to_unix_timestamp(day, 'yyyy'), dateadd(DAY, 1, day) FROM raw",
        "SELECT named_struct('a', id).a, from_json(day, 'a INT').a, sequence(1, 3) FROM raw",
        "SELECT X'1F', 10L, 1.5BD, 1e3D, .5, DATE'2024-01-01', TIMESTAMP '2024-01-01 00:00:00' FROM raw",
        "SELECT CASE id WHEN 1 THEN 'a' ELSE 'b' END, if(id = 1, 2, 3), decode(id, 1, 'x', 'y') FROM raw",
        "SELECT id FROM raw WHERE (id, day) IN (SELECT id, id FROM other) ;\n-- the end",
        "SELECT id FROM raw INTERSECT ALL SELECT id FROM other EXCEPT SELECT 1",
        "SELECT id, 2 AS tokens, 3 AS `table` FROM raw r(id, day, items) DISTRIBUTE BY id SORT BY day",
        "SELECT id\u00a0FROM\u3000raw",
    ],
)
def test_what_spark_can_do_may_be_done(query: str) -> None:
    assert problems(query) == []


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "got nothing"),
        ("-- nothing", "got nothing"),
        ("SELECT 1; SELECT 2", "got SELECT and SELECT"),
        ("INSERT INTO raw SELECT 1", "got INSERT"),
        ("SHOW TABLES", "got COMMAND"),
        ("SET x = 1", "got SET"),
        (
            "SELECT id\nFRUM raw",
            "got something that can't be understood, and so not checked, near 'raw' in line 2: "
            "mend it, or write it otherwise",
        ),
    ],
)
def test_query_is_one_select(query: str, told: str) -> None:
    assert problems(query) == [f"must be one valid SELECT, {told}"]


@pytest.mark.parametrize("levels", [100, 3000])
def test_deep_nesting_is_refused(levels: int) -> None:
    for query in (
        f"SELECT {'(' * levels}1{')' * levels}",
        f"SELECT {'abs(' * levels}1{')' * levels}",
        "SELECT * FROM " + "(SELECT * FROM " * 2 * levels + "raw" + ")" * 2 * levels,
    ):
        assert problems(query) == ["must be nested less deeply: no more than some 40 levels"]


def test_all_problems_are_told_at_once() -> None:
    assert problems("SELECT now(), rand() FROM secret JOIN csv.`/x` JOIN secret") == [
        "must give the same rows whenever it runs, got now()",
        "must give the same rows whenever it runs, got rand()",
        "must read its inputs alone (other, raw), got secret; name it in inputs",
        "must read its inputs alone (other, raw), got csv./x; name it in inputs",
    ]


@pytest.mark.parametrize(
    "file", sorted((CHECKOUT / "sql/mappings").rglob("*.sql")), ids=lambda file: file.stem
)
def test_shipped_mapping_queries_pass(file: Path) -> None:
    check_mapping_query(file.read_text(encoding="utf-8"), {"invoices": []}, FUNCTIONS, file.name)

"""Run configurations: what is accepted, and what a user is told about the rest. Starts no Spark."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.core.config.inputs import Input
from jobs.core.config.settings import Settings, load_settings
from jobs.core.runtime.errors import ConfigurationError
from tests.conftest import CHECKOUT

Content = dict[str, Any]
WELL: Content = {
    "sources": {"fct_revenues": {"path": "facts"}, "dim_accounts": {"path": "accounts"}},
    "output": {"path": "out"},
    "model": "profitability_adherence",
}


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder that is not the folder of the configuration."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def load(folder: Path, content: Content | str, *assignments: str) -> Settings:
    file = folder / "conf" / "run.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return load_settings(file, list(assignments))


def problems(folder: Path, content: Content | str, *assignments: str) -> list[str]:
    """What is wrong, with the file called run.yaml."""
    with pytest.raises(ConfigurationError) as refused:
        load(folder, content, *assignments)
    return [problem.replace(f"{folder}/conf/", "") for problem in refused.value.problems]


def with_facts(**source: Any) -> Content:
    return {**WELL, "sources": {"fct_revenues": source, "dim_accounts": {"path": "accounts"}}}


def without(key: str) -> Content:
    return {name: value for name, value in WELL.items() if name != key}


@pytest.mark.parametrize("file", ["local.yaml", "online_retail.yaml"])
def test_shipped_configuration_is_valid(file: str) -> None:
    settings = load_settings(CHECKOUT / "conf" / file, [])
    assert settings.model_names == ("profitability_adherence",)


def test_smallest_configuration_has_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, WELL)
    assert settings.customer_key == "customer_name"
    assert settings.time_zone == "UTC"
    assert not settings.migration.list_unchanged
    assert settings.sources.fct_revenues.format == "delta"
    assert settings.model_names == ("profitability_adherence",)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    content = {
        "sources": {"fct_revenues": {"path": "facts", "formt": "csv"}, "dim_account": {"path": "a"}},
        "output": {"path": "out", "schema": "tiers"},
        "customer_key": ["customer_id"],
        "models": ["a", "a"],
        "time_zone": "Mars/Olympus",
        "migration": {"list_unchanged": "maybe"},
        "colour": "red",
    }
    assert problems(tmp_path, content) == [
        "run.yaml: sources.fct_revenues.formt: must be a known key, one of path, table, format, glob, "
        "encoding, delimiter, quote, decimal, date_format, max_field_characters, query, inputs, "
        "columns, unique_key; did you mean 'format'?",
        "run.yaml: sources.dim_accounts: must be given",
        "run.yaml: sources.dim_account: must be a known key, one of fct_revenues, dim_accounts, dim_customers"
        "; did you mean 'dim_accounts'?",
        "run.yaml: output: must have either path or schema",
        "run.yaml: customer_key: must be text, got ['customer_id']",
        "run.yaml: models: must have each model once, got ['a', 'a']",
        "run.yaml: time_zone: must be a time zone such as UTC or Europe/Berlin, got 'Mars/Olympus'",
        "run.yaml: migration.list_unchanged: must be true or false, got 'maybe'",
        "run.yaml: colour: must be a known key, one of sources, output, customer_key, model, models, "
        "time_zone, migration, ranking, quality, allowed_roots",
    ]


EITHER = "run.yaml: sources.fct_revenues: must have either path or table"
EITHER_QUERY = "run.yaml: sources.fct_revenues: must have either query (with inputs) or path or table"
INPUT = {"raw": {"path": "raw"}}


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ({}, EITHER),
        ({"path": "facts", "table": "facts"}, EITHER),
        ({"path": "facts", "query": "q.sql", "inputs": INPUT}, EITHER_QUERY),
        ({"table": "facts", "query": "q.sql", "inputs": INPUT}, EITHER_QUERY),
        ({"format": "csv", "query": "q.sql", "inputs": INPUT}, EITHER_QUERY),
        (
            {"query": "q.sql"},
            "run.yaml: sources.fct_revenues: must name the query's tables in inputs, "
            "as view: {path or table}",
        ),
        (
            {"path": "facts", "inputs": INPUT},
            "run.yaml: sources.fct_revenues: must have inputs only beside query",
        ),
        (
            {"query": "q.sql", "inputs": {"raw": {"path": "raw", "table": "raw"}}},
            "run.yaml: sources.fct_revenues.inputs.raw: must have either path or table",
        ),
        (
            {"table": "facts", "format": "csv"},
            "run.yaml: sources.fct_revenues: must have format only beside path: "
            "a catalog knows its tables' formats",
        ),
        (
            {"path": "facts", "delimiter": ";"},
            "run.yaml: sources.fct_revenues: must have delimiter only beside format: csv",
        ),
        (
            {"path": "facts", "format": "xlsx"},
            "run.yaml: sources.fct_revenues.format: must be 'delta', 'parquet' or 'csv', got 'xlsx'",
        ),
        (
            {"path": "facts", "encoding": "utf-16", "decimal": ","},
            "run.yaml: sources.fct_revenues: must have encoding and decimal only beside format: csv",
        ),
        (
            {"path": "facts", "format": "csv", "delimiter": '"'},
            "run.yaml: sources.fct_revenues: must have a quote that is not the delimiter, got '\"' for both",
        ),
        (
            {"path": "facts", "glob": True},
            "run.yaml: sources.fct_revenues: must have glob only beside the path of files in format: csv or "
            "parquet",
        ),
        (
            {"path": "s3://facts/{a,../../b}", "format": "csv", "glob": True},
            "run.yaml: sources.fct_revenues: must have no '..' in a path with glob, got 's3://facts/{a,../../b}'",
        ),
    ],
)
def test_source_is_one_place_with_settings_that_fit_it(tmp_path: Path, source: Content, problem: str) -> None:
    assert problems(tmp_path, with_facts(**source)) == [problem]


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("delimiter", "\n", "must be one character, and no line break, got '\\n'"),
        ("quote", "''", "must be one character, and no line break, got \"''\""),
        ("decimal", ";", "must be '.' or ',', got ';'"),
        (
            "date_format",
            "dd.MM.",
            "must be a pattern of year, month and day such as dd.MM.yyyy, got 'dd.MM.'",
        ),
        (
            "date_format",
            "dd.mm.yyyy",
            "must be a pattern of year, month and day such as dd.MM.yyyy, got 'dd.mm.yyyy'",
        ),
        ("max_field_characters", 0, "must be greater than or equal to 1, got 0"),
        *(
            (
                "encoding",
                encoding,
                "must be utf-8, utf-16, or an encoding of single bytes such as windows-1252 or iso-8859-1, "
                f"got {encoding!r}",
            )
            for encoding in ("utf8mb4", "shift_jis", "cp037", "rot13", "utf-7")
        ),
    ],
)
def test_settings_of_a_text_file_are_checked(
    tmp_path: Path, setting: str, value: str | int, problem: str
) -> None:
    facts = with_facts(path="facts", format="csv", **{setting: value})
    assert problems(tmp_path, facts) == [f"run.yaml: sources.fct_revenues.{setting}: {problem}"]


@pytest.mark.parametrize(
    ("name", "known"),
    [("UTF8", "utf-8"), ("utf-8-sig", "utf-8"), ("latin-1", "iso8859-1"), ("CP1250", "cp1250")],
)
def test_encodings_go_by_all_their_names(name: str, known: str) -> None:
    assert Input(path="a", format="csv", encoding=name).encoding == known


@pytest.mark.parametrize("output", [{}, {"path": "out", "schema": "tiers"}])
def test_output_is_a_path_or_a_schema(tmp_path: Path, output: Content) -> None:
    told = problems(tmp_path, {**WELL, "output": output})
    assert told == ["run.yaml: output: must have either path or schema"]


def test_view_of_both_queries_must_be_the_same_table(tmp_path: Path) -> None:
    sources = {
        "fct_revenues": {"query": "f.sql", "inputs": {"raw": {"path": "a"}, "same": {"path": "s"}}},
        "dim_accounts": {"query": "a.sql", "inputs": {"raw": {"path": "b"}, "same": {"path": "s"}}},
    }
    assert problems(tmp_path, {**WELL, "sources": sources}) == [
        "run.yaml: sources.dim_accounts: must read the same table under a view's name as fct_revenues does, "
        "got 'raw'"
    ]


@pytest.mark.parametrize(
    "name",
    ["a;DROP TABLE b", "a b", "a`b", "a.b.c.d", "a..b", ".a", "", "a'b", "delta.`/data`", "(SELECT 1)"],
)
def test_table_must_be_a_plain_name(tmp_path: Path, name: str) -> None:
    assert problems(tmp_path, with_facts(table=name)) == [
        f"run.yaml: sources.fct_revenues.table: must be a plain name like catalog.schema.table, got {name!r}"
    ]


@pytest.mark.parametrize("name", ["facts", "sales.facts", "main.sales.facts", "main.sales-eu.facts_2024"])
def test_table_has_up_to_three_parts(tmp_path: Path, name: str) -> None:
    assert load(tmp_path, with_facts(table=name)).sources.fct_revenues.table == name


@pytest.mark.parametrize("name", ["tiers; DROP TABLE x", "a.b.c", "a`b", "a b"])
def test_schema_must_be_a_plain_name(tmp_path: Path, name: str) -> None:
    assert problems(tmp_path, {**WELL, "output": {"schema": name}}) == [
        f"run.yaml: output.schema: must be a plain name like catalog.schema, got {name!r}"
    ]


def test_name_must_not_end_in_a_line_break(tmp_path: Path) -> None:
    assert len(problems(tmp_path, with_facts(table="facts\n"))) == 1


@pytest.mark.parametrize("name", ["a`b", ""])
def test_column_must_be_a_name_without_backquotes(tmp_path: Path, name: str) -> None:
    content = with_facts(path="facts", columns={"region": name})
    assert problems(tmp_path, {**content, "customer_key": name}) == [
        f"run.yaml: sources.fct_revenues.columns.region: must be the name of a column, got {name!r}",
        f"run.yaml: customer_key: must be the name of a column, got {name!r}",
    ]


def test_column_may_have_spaces_and_quotes(tmp_path: Path) -> None:
    settings = load(tmp_path, with_facts(path="facts", columns={"region": "Sales 'Region' (EU)"}))
    assert settings.sources.fct_revenues.columns == {"region": "Sales 'Region' (EU)"}


@pytest.mark.parametrize("path", ["/data/a`b", "/data/a\nb"])
def test_path_must_not_have_backquotes_or_line_breaks(tmp_path: Path, path: str) -> None:
    assert problems(tmp_path, {**WELL, "output": {"path": path}}) == [
        f"run.yaml: output.path: must be a path without backquotes and line breaks, got {path!r}"
    ]


@pytest.mark.parametrize("path", ["", " "])
def test_path_must_not_be_blank(tmp_path: Path, path: str) -> None:
    assert len(problems(tmp_path, {**WELL, "output": {"path": path}})) == 1


@pytest.mark.parametrize("path", ["~nobody_is_called_so/out", "a\0b"])
def test_path_that_no_system_has_is_a_problem_not_a_crash(tmp_path: Path, path: str) -> None:
    assert len(problems(tmp_path, {**WELL, "output": {"path": path}})) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"output": None}, ["output: must be a mapping (key: value), got None"]),
        ({"output": ["out"]}, ["output: must be a mapping (key: value), got ['out']"]),
        ({"output": {"path": 2024}}, ["output.path: must be text, got 2024"]),
        ({"output": {"path": ["out"]}}, ["output.path: must be text, got ['out']"]),
        ({"customer_key": 12}, ["customer_key: must be text, got 12"]),
        ({"time_zone": ["UTC"]}, ["time_zone: must be text, got ['UTC']"]),
        ({"migration": True}, ["migration: must be a mapping (key: value), got True"]),
        ({"sources": "facts"}, ["sources: must be a mapping (key: value), got 'facts'"]),
    ],
)
def test_value_of_another_shape_is_told_with_its_key(
    tmp_path: Path, change: Content, told: list[str]
) -> None:
    assert problems(tmp_path, {**WELL, **change}) == [f"run.yaml: {problem}" for problem in told]


def test_columns_map_text_to_text(tmp_path: Path) -> None:
    told = problems(tmp_path, with_facts(path="facts", columns={"region": 3}))
    assert told == ["run.yaml: sources.fct_revenues.columns.region: must be text, got 3"]
    told = problems(tmp_path, with_facts(path="facts", columns=["region"]))
    assert told == ["run.yaml: sources.fct_revenues.columns: must be a mapping (key: value), got ['region']"]


NOT_BOTH = ["run.yaml: models: must be given if model isn't, and only then"]


@pytest.mark.parametrize(
    "content",
    [
        without("model"),
        {**WELL, "models": ["a"]},
        {**WELL, "model": None},
        {**without("model"), "models": []},
    ],
    ids=["neither", "both", "null", "empty"],
)
def test_there_is_either_model_or_models(tmp_path: Path, content: Content) -> None:
    assert problems(tmp_path, content) == NOT_BOTH


def test_models_keep_their_order(tmp_path: Path) -> None:
    assert load(tmp_path, {**without("model"), "models": ["b", "a"]}).model_names == ("b", "a")


def test_model_that_is_not_text_is_one_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, {**WELL, "model": 5}) == ["run.yaml: model: must be text, got 5"]


def test_paths_in_the_file_are_relative_to_the_file(tmp_path: Path) -> None:
    content = {
        **WELL,
        "model": "own.yaml",
        "sources": {
            "fct_revenues": {"query": "q.sql", "inputs": {"path": {"path": "../raw"}}},
            "dim_accounts": {"path": "accounts", "columns": {"status": "path"}},
        },
    }
    settings = load(tmp_path, content)
    facts, accounts = settings.sources.fct_revenues, settings.sources.dim_accounts
    assert settings.output.path == f"{tmp_path}/conf/out"
    assert settings.model == f"{tmp_path}/conf/own.yaml"
    assert facts.query == f"{tmp_path}/conf/q.sql"
    assert facts.inputs["path"].path == f"{tmp_path}/raw"
    assert accounts.columns == {"status": "path"}


@pytest.mark.parametrize("place", ["/data/out", "s3a://bucket/out", "dbfs:/out", "abfss://c@a.example/out"])
def test_absolute_paths_and_addresses_stay_as_they_are(tmp_path: Path, place: str) -> None:
    assert load(tmp_path, {**WELL, "output": {"path": place}}).output.path == place


def test_name_of_a_shipped_model_is_no_path(tmp_path: Path) -> None:
    settings = load(tmp_path, {**without("model"), "models": ["shipped", "own.yml"]})
    assert settings.models == ("shipped", f"{tmp_path}/conf/own.yml")


def test_set_wins_over_the_file_and_leaves_its_neighbours(tmp_path: Path) -> None:
    content = with_facts(path="facts", format="csv", columns={"region": "area", "product": "article"})
    settings = load(tmp_path, content, "sources.fct_revenues.columns.region=land", "time_zone=Asia/Tokyo")
    facts = settings.sources.fct_revenues
    assert facts.columns == {"region": "land", "product": "article"}
    assert (facts.path, facts.format) == (f"{tmp_path}/conf/facts", "csv")
    assert settings.time_zone == "Asia/Tokyo"


def test_set_paths_are_relative_to_the_working_folder(tmp_path: Path) -> None:
    settings = load(tmp_path, WELL, "output.path=elsewhere", "model=own.yaml")
    assert settings.output.path == f"{tmp_path}/work/elsewhere"
    assert settings.model == f"{tmp_path}/work/own.yaml"
    assert settings.sources.fct_revenues.path == f"{tmp_path}/conf/facts"


def test_set_values_are_yaml(tmp_path: Path) -> None:
    settings = load(
        tmp_path, WELL, "migration={list_unchanged: true}", "model=", "models=[a, b]", "customer_key='12'"
    )
    assert settings.migration.list_unchanged
    assert settings.model_names == ("a", "b")
    assert settings.customer_key == "12"


def test_set_value_that_is_not_yaml_is_text(tmp_path: Path) -> None:
    assert load(tmp_path, WELL, "customer_key=[client").customer_key == "[client"


def test_set_value_may_have_an_equals_sign(tmp_path: Path) -> None:
    assert load(tmp_path, WELL, "output.path=/data/day=1").output.path == "/data/day=1"


def test_last_of_two_sets_wins(tmp_path: Path) -> None:
    assert load(tmp_path, WELL, "customer_key=a", "customer_key=b").customer_key == "b"


def test_set_to_another_kind_of_place_needs_the_first_taken_away(tmp_path: Path) -> None:
    told = problems(tmp_path, WELL, "output.schema=tiers")
    assert told == ["run.yaml: output: must have either path or schema"]
    settings = load(tmp_path, WELL, "output.schema=tiers", "output.path=null")
    assert settings.output.schema_name == "tiers"


def test_set_of_another_form_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, WELL, "output.path", "=1", "a..b=1", "customer_key=fine") == [
        "--set: must be key.path=value, got 'output.path'",
        "--set: must be key.path=value, got '=1'",
        "--set: must be key.path=value, got 'a..b=1'",
    ]


def test_set_of_an_unknown_key_is_refused(tmp_path: Path) -> None:
    told = problems(tmp_path, WELL, "output.paht=x")
    assert told == ["run.yaml: output.paht: must be a known key, one of path, schema; did you mean 'path'?"]


def test_problems_of_the_file_and_of_set_are_told_together(tmp_path: Path) -> None:
    assert len(problems(tmp_path, {**WELL, "colour": "red"}, "output.path")) == 2


def test_set_to_a_date_that_does_not_exist_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(tmp_path, WELL, "output.path=2024-02-30").output.path == f"{tmp_path}/2024-02-30"


@pytest.mark.parametrize(
    "outside",
    [
        {"output": {"path": "/elsewhere/out"}},
        {"output": {"path": "/allowed/../elsewhere"}},
        {"output": {"path": "/allowed-not"}},
        {"output": {"path": "file:/elsewhere"}},
        {"output": {"path": "s3://bucket/allowed/../elsewhere"}},
        {"model": "/elsewhere/model.yaml"},
        {"sources": {**WELL["sources"], "dim_accounts": {"path": "/elsewhere/accounts"}}},
        {
            "sources": {
                **WELL["sources"],
                "dim_accounts": {"query": "/elsewhere/q.sql", "inputs": {"a": {"path": "/allowed/a"}}},
            }
        },
        {
            "sources": {
                **WELL["sources"],
                "dim_accounts": {"query": "/allowed/q.sql", "inputs": {"a": {"path": "/elsewhere/a"}}},
            }
        },
    ],
)
def test_path_outside_the_allowed_roots_is_refused(tmp_path: Path, outside: Content) -> None:
    inside: Content = {
        "sources": {
            "fct_revenues": {"path": "/allowed/facts"},
            "dim_accounts": {"path": "/allowed/accounts"},
        },
        "output": {"path": "s3://bucket/allowed/out"},
        "model": "profitability_adherence",
        "allowed_roots": ["/allowed", "s3://bucket/allowed/"],
    }
    assert load(tmp_path, inside).output.path == "s3://bucket/allowed/out"
    sources = (
        {**inside["sources"], **outside.get("sources", {})} if "sources" in outside else inside["sources"]
    )
    sources = {**sources, "fct_revenues": inside["sources"]["fct_revenues"]}

    [problem] = problems(tmp_path, {**inside, **outside, "sources": sources})

    assert "must have all paths inside allowed_roots (/allowed, s3://bucket/allowed), got " in problem
    assert "elsewhere" in problem or "/allowed-not" in problem


@pytest.mark.parametrize(
    "value", ["[" * 3000 + "]" * 3000, "&a [*a]", "{a: &a {b: *a}}", "{a: " * 100 + "}" * 100]
)
def test_set_to_an_endless_or_deep_value_is_refused(tmp_path: Path, value: str) -> None:
    (told,) = problems(tmp_path, WELL, f"output={value}")
    assert told.startswith("--set: output: must be a value of ordinary size, got ")


def test_set_of_a_very_long_path_of_keys_is_refused(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, WELL, ".".join(["output"] * 3000) + "=1")
    assert told.startswith("--set: must be key.path=value, got 'output.output.")
    assert len(told) < 150


def test_secret_in_a_malformed_set_is_not_told(tmp_path: Path) -> None:
    told = problems(tmp_path, WELL, f"output.path s3a://KEY:hun/ter{'2' * 100}@bucket")
    assert told == ["--set: must be key.path=value, got 'output.path s3a://***@bucket'"]


@pytest.mark.parametrize("key", ["ranking.plain_up_to", "quality.limits.latest_event_days"])
def test_numbers_have_an_end(tmp_path: Path, key: str) -> None:
    (told,) = problems(tmp_path, WELL, f"{key}=0x{'f' * 5000}")
    assert told.startswith(f"run.yaml: {key}: must be less than or equal to ")

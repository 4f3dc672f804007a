"""A company's own columns of dim_customers: what a configuration may say of them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession

from jobs.core.config.model import load_model
from jobs.core.config.published_tables import table_definition
from jobs.core.config.rules import QualityRules
from jobs.core.config.settings import Settings, load_settings
from tests.conftest import CHECKOUT, plain_settings

MODEL = load_model("profitability_adherence")
SOURCES = {name: {"path": name} for name in ("fct_revenues", "dim_accounts", "dim_customers")}
# Files whose columns travel together with those of profiles.
BESIDE = [CHECKOUT / f"sql/features/{name}.sql" for name in ("customer_profiles", "profiled_customers")]


def with_own(own: Mapping[str, object], **changes: Any) -> Settings:
    profiles = {**SOURCES["dim_customers"], "own_columns": own}
    return plain_settings(sources={**SOURCES, "dim_customers": profiles}, **changes)


def refusal(own: Mapping[str, object], **changes: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        with_own(own, **changes)
    return str(refused.value)


def test_own_columns_are_read_behind_ours_and_their_unreadable_values_told() -> None:
    settings = with_own({"support_plan_rating": "number", "segment_of_sales": "text"})
    columns = settings.sources.columns_of("dim_customers")
    assert list(columns)[-3:] == ["valid_from", "support_plan_rating", "segment_of_sales"]
    unreadable = QualityRules.of(settings).rows["dim_customers"]["profile_value_unreadable"].fails_if
    assert "(`support_plan_rating_given` AND `support_plan_rating` IS NULL)" in unreadable
    assert "segment_of_sales" not in unreadable, "every text is readable"


def test_other_sources_have_none() -> None:
    settings = with_own({"support_plan_rating": "number"})
    assert "support_plan_rating" not in settings.sources.columns_of("fct_revenues")
    facts = {**SOURCES["fct_revenues"], "own_columns": {"support_plan_rating": "number"}}
    with pytest.raises(ValidationError, match="own_columns"):
        plain_settings(sources={**SOURCES, "fct_revenues": facts})


@pytest.mark.parametrize(
    "name",
    [
        *("arr", "arr_given", "customer_key", "growth_rate", "tier", "peers", "known_since", "run_id"),
        *("health_state", "row_id", "exclusion_reason", "fallback_score", "source_row", "unread"),
    ],
)
def test_a_name_that_the_job_has_itself_is_refused(name: str) -> None:
    assert f"must not be called like a column of the job's, got '{name}'" in refusal({name: "number"})


@pytest.mark.parametrize("name", ["loyalty_points", "target_below"])
def test_a_name_that_ends_as_those_of_metrics_is_refused(name: str) -> None:
    assert f"must not end with _below or _points, as columns of metrics do, got '{name}'" in refusal(
        {name: "number"}
    )


def test_a_name_that_tells_of_another_own_column_is_refused() -> None:
    assert "got 'rating_given'" in refusal({"rating": "number", "rating_given": "text"})


def test_a_name_that_steps_beside_it_give_is_refused() -> None:
    named = {
        name
        for file in BESIDE
        for name in re.findall(r"\bAS ([a-z_]+)(?=,?\n)", re.sub(r"--.*", "", file.read_text()))
    }
    assert len(named) > 10
    relations = {"facts", "profiles", "active_customers", "customer_profiles", "dim_customers"}
    assert [name for name in sorted(named - relations) if "got" not in refusal({name: "text"})] == []


@pytest.mark.parametrize("name", ["Rating", "own rating", "1st", "_rating", "own-rating", "a" * 64, ""])
def test_a_name_is_a_plain_identifier(name: str) -> None:
    assert "should match pattern" in refusal({name: "number"})


@pytest.mark.parametrize("kind", ["amount", "float", "", None])
def test_a_type_is_one_of_those_of_profiles(kind: str | None) -> None:
    assert "Input should be 'text', 'date', 'money', 'number' or 'count'" in refusal({"rating": kind})


def test_words_of_sql_are_refused(spark: SparkSession) -> None:
    enforced = "spark.sql.ansi.enforceReservedKeywords"
    spark.conf.set(enforced, "true")
    try:
        reserved = spark.sql("SELECT lower(keyword) AS word FROM sql_keywords() WHERE reserved").collect()
    finally:
        spark.conf.unset(enforced)
    assert len(reserved) > 50
    for row in reserved:
        assert f"got '{row['word']}'" in refusal({row["word"]: "text"})


def test_the_column_of_the_key_is_none() -> None:
    assert "got 'client_id'" in refusal({"client_id": "text"}, customer_key="client_id")


def test_an_own_column_called_like_a_setting_is_no_setting(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(
        "sources: {fct_revenues: {path: f}, dim_accounts: {path: a}, "
        "dim_customers: {path: p, own_columns: {path: text}}}\noutput: {path: o}\nmodel: m\n"
    )
    assert load_settings(file, []).sources.own_columns == {"path": "text"}


def test_an_own_column_has_a_comment_or_its_models_words() -> None:
    own = {"support_plan_rating": "number"}
    assert table_definition("customer_tiers", MODEL, own).columns["support_plan_rating"] == (
        "A company's own column of dim_customers, a number"
    )
    component = MODEL.components[0].model_copy(
        update={"metric": "support_plan_rating", "description": "How well supported it is"}
    )
    model = MODEL.model_copy(update={"components": (component,)})
    described = table_definition("customer_tiers", model, own).columns
    assert described["support_plan_rating"] == "How well supported it is"
    assert described["support_plan_rating_points"].startswith("What support_plan_rating adds")

"""Models against the measures that they name. Starts no Spark."""

from typing import Any

import pytest
from pyspark.sql.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from jobs.core.config.conditions import Condition
from jobs.core.config.model import ScoringModel, load_model
from jobs.core.config.model_check import check_columns_of_model
from jobs.core.runtime.errors import ConfigurationError

SHIPPED = load_model("profitability_adherence")
FEATURES = StructType(
    [
        StructField("region", StringType()),
        StructField("total_revenue", DecimalType(18, 2)),
        StructField("total_gross_margin", DecimalType(18, 2)),
        StructField("total_events", LongType()),
        StructField("events_per_active_month", DoubleType()),
        StructField("distinct_products", IntegerType()),
        StructField("distinct_business_units", IntegerType()),
        StructField("days_since_last_event", IntegerType()),
        StructField("active_months", IntegerType()),
        StructField("active_accounts", IntegerType()),
        StructField("first_event_date", DateType()),
        StructField("key_account", BooleanType()),
    ]
)
NUMBERS = (
    "total_revenue, total_gross_margin, total_events, events_per_active_month, distinct_products, "
    "distinct_business_units, days_since_last_event, active_months, active_accounts"
)


def changed(**changes: Any) -> ScoringModel:
    """The shipped model with some parts replaced; not checked by itself."""
    return SHIPPED.model_copy(update=changes)


def with_flag(**condition: Any) -> ScoringModel:
    first = SHIPPED.flags[0].model_copy(update={"when": Condition.model_validate(condition)})
    return changed(flags=(first, SHIPPED.flags[-1]))


def problems(model: ScoringModel) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        check_columns_of_model(model, FEATURES)
    return [problem.removeprefix("model profitability_adherence: ") for problem in refused.value.problems]


def test_shipped_model_fits() -> None:
    check_columns_of_model(SHIPPED, FEATURES)


def test_problems_are_told_with_the_models_name() -> None:
    with pytest.raises(ConfigurationError) as refused:
        check_columns_of_model(changed(name="own", peer_group=("country",)), FEATURES)
    (told,) = refused.value.problems
    assert told.startswith("model own: peer_group.0: must be one of region, ")
    assert told.endswith(", got 'country'")


def test_component_of_an_unknown_measure_is_told_the_nearest_one() -> None:
    components = (SHIPPED.components[0].model_copy(update={"metric": "revenue"}), *SHIPPED.components[1:])
    assert problems(changed(components=components)) == [
        f"components.0.metric: must be one of {NUMBERS}, got 'revenue'; did you mean 'total_revenue'?"
    ]


@pytest.mark.parametrize("metric", ["region", "first_event_date", "key_account"])
def test_component_must_rank_a_number(metric: str) -> None:
    components = (SHIPPED.components[0].model_copy(update={"metric": metric}), *SHIPPED.components[1:])
    assert problems(changed(components=components)) == [
        f"components.0.metric: must be one of {NUMBERS}, got {metric!r}"
    ]


@pytest.mark.parametrize("column", ["total_revenue", "events_per_active_month", "profitability_score"])
def test_peer_group_must_be_of_whole_values_known_before_scoring(column: str) -> None:
    (told,) = problems(changed(peer_group=("region", column)))
    assert told.startswith("peer_group.1: must be one of ")
    assert told.endswith(f", got {column!r}")


def test_peer_group_may_be_text_dates_or_whole_numbers() -> None:
    check_columns_of_model(
        changed(peer_group=("region", "first_event_date", "active_accounts", "key_account")), FEATURES
    )


def test_condition_of_an_unknown_measure_is_told_with_its_place() -> None:
    (told,) = problems(with_flag(metric="revenue", operator=">", value=1))
    assert told.startswith("flags.0.when: metric must be one of region, total_revenue, ")
    assert told.endswith(
        ", profitability_score, adherence_score, got 'revenue'; did you mean 'total_revenue'?"
    )


def test_exclusions_come_before_scores() -> None:
    rule = SHIPPED.exclusions[0].model_copy(
        update={"when": Condition.model_validate({"metric": "adherence_score", "operator": "<", "value": 1})}
    )
    (told,) = problems(changed(exclusions=(rule,)))
    assert told.startswith("exclusions.0.when: metric must be one of region, ")
    assert "_score," not in told


@pytest.mark.parametrize(
    ("metric", "operand", "told"),
    [
        ("total_events", {"value": "90"}, "total_events must be compared with a number, got text"),
        ("total_events", {"value": True}, "total_events must be compared with a number, got true or false"),
        (
            "total_events",
            {"months_before_as_of": 3},
            "total_events must be compared with a number, got a date",
        ),
        ("region", {"value": 3}, "region must be compared with text, got a number"),
        ("region", {"threshold": "high_adherence"}, "region must be compared with text, got a number"),
        ("first_event_date", {"value": 2024}, "first_event_date must be compared with a date, got a number"),
        ("first_event_date", {"value": "soon"}, "first_event_date must be compared with a date, got text"),
        ("key_account", {"value": "yes"}, "key_account must be compared with true or false, got text"),
    ],
)
def test_measure_is_compared_with_its_own_kind(metric: str, operand: dict[str, Any], told: str) -> None:
    assert problems(with_flag(metric=metric, operator="=", **operand)) == [f"flags.0.when: {told}"]


@pytest.mark.parametrize(
    ("metric", "operand"),
    [
        ("region", {"value": "North"}),
        ("first_event_date", {"value": "2024-02-29"}),
        ("first_event_date", {"months_before_as_of": 0}),
        ("key_account", {"value": False}),
        ("adherence_score", {"threshold": "high_adherence"}),
        ("total_revenue", {"value": 0.5}),
    ],
)
def test_fitting_comparison_is_accepted(metric: str, operand: dict[str, Any]) -> None:
    check_columns_of_model(with_flag(metric=metric, operator="!=", **operand), FEATURES)


@pytest.mark.parametrize("value", ["20240229", "2024-W09-4"])
def test_date_must_have_the_form_that_spark_reads(value: str) -> None:
    assert problems(with_flag(metric="first_event_date", operator=">", value=value))


def test_parts_of_joined_conditions_are_checked() -> None:
    parts = [{"metric": "a", "operator": "=", "value": 1}, {"metric": "region", "operator": "=", "value": 1}]
    told = problems(with_flag(any=[{"all": parts}]))
    assert len(told) == 2


def test_score_must_not_be_called_like_a_measure() -> None:
    features = StructType([*FEATURES.fields, StructField("adherence_score", DoubleType())])
    with pytest.raises(ConfigurationError) as refused:
        check_columns_of_model(SHIPPED, features)
    assert refused.value.problems == (
        "model profitability_adherence: components: adherence_score must not be called like a measure",
    )


@pytest.mark.parametrize("name", ["total_events_below", "total_events_points", "adherence_score"])
def test_a_measure_is_not_called_like_what_scoring_adds(name: str) -> None:
    features = StructType([*FEATURES.fields, StructField(name, LongType())])
    with pytest.raises(ConfigurationError) as refused:
        check_columns_of_model(SHIPPED, features)
    assert refused.value.problems == (
        f"model profitability_adherence: components: {name} must not be called like a measure",
    )

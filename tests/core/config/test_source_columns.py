"""The registry of the sources' columns: which rules follow from it, and what it can't leave out."""

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from jobs.core.config.rules import QualityRules
from jobs.core.config.source_columns import SourceTable, source_tables
from tests.conftest import CHECKOUT, plain_settings

ABOUT_THE_RECORD = ["row_malformed", "text_undecodable"]
RULES = {
    "fct_revenues": [
        *ABOUT_THE_RECORD,
        "customer_key_missing",
        "event_date_missing",
        "event_date_unreadable",
        "event_date_absurd",
        "total_revenue_missing",
        "total_revenue_unreadable",
        "total_gross_margin_missing",
        "total_gross_margin_unreadable",
        "amount_too_precise",
        "event_count_missing",
        "event_count_unreadable",
        "event_count_negative",
        "margin_above_revenue",
        "refund",
        "duplicate_key",
        "duplicate_row",
    ],
    "dim_accounts": [*ABOUT_THE_RECORD, "account_id_missing"],
    "dim_customers": [
        *ABOUT_THE_RECORD,
        "customer_key_missing",
        "profile_value_unreadable",
        "arr_negative",
        "profile_count_negative",
        "rate_out_of_range",
        "rating_out_of_range",
        "more_seats_used_than_bought",
        "duplicate_key",
        "duplicate_row",
    ],
}
WARNING = {
    "amount_too_precise",
    "margin_above_revenue",
    "refund",
    "account_id_missing",
    "rate_out_of_range",
    "rating_out_of_range",
    "more_seats_used_than_bought",
}
USABLE = {
    *("event_date_absurd", "event_count_negative"),
    *("profile_value_unreadable", "arr_negative", "profile_count_negative"),
}


def content(source: str) -> dict[str, Any]:
    shipped: dict[str, dict[str, Any]] = yaml.safe_load((CHECKOUT / "conf/sources.yaml").read_text())
    return shipped[source]


def refusal(table: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as refused:
        SourceTable.model_validate(table)
    return str(refused.value)


@pytest.mark.parametrize("source", RULES)
def test_the_rules_of_a_source_are_told_in_their_order_with_their_severities(source: str) -> None:
    # All on, so that all are there; a severity that is none of the configuration's is the shipped one.
    on = {"duplicate_key": "quarantine", "duplicate_row": "quarantine"}
    rules = QualityRules.of(plain_settings(quality={"severity": on})).rows[source]
    assert list(rules) == RULES[source]
    assert {name for name, rule in rules.items() if rule.severity == "warn"} == WARNING & set(rules)
    unusable = {name for name, rule in rules.items() if rule.unusable}
    assert unusable == set(rules) - WARNING - USABLE - set(on)


@pytest.mark.parametrize("source", RULES)
def test_unreadable_values_of_every_column_are_told(source: str) -> None:
    rules = QualityRules.of(plain_settings()).rows[source]
    unreadable = " ".join(rule.fails_if for name, rule in rules.items() if name.endswith("_unreadable"))
    parsed = [name for name, column in source_tables()[source].columns.items() if column.type != "text"]
    assert [name for name in parsed if f"(`{name}_given` AND `{name}` IS NULL)" not in unreadable] == []


def test_a_rule_is_about_all_columns_that_name_it() -> None:
    rules = QualityRules.of(plain_settings()).rows
    assert rules["dim_customers"]["rate_out_of_range"].fails_if == (
        "(`on_time_payment_rate` < 0 OR `on_time_payment_rate` > 1)"
    )
    assert rules["fct_revenues"]["event_date_absurd"].fails_if == (
        "(`event_date` < DATE '1900-01-01' OR `event_date` > DATE '2199-12-31')"
    )
    assert rules["fct_revenues"]["amount_too_precise"].fails_if == (
        "`total_revenue_rounded` OR `total_gross_margin_rounded`"
    )
    negative = rules["dim_customers"]["profile_count_negative"].fails_if
    counts = ("seats_used", "seats_bought", "use_cases_matched", "use_cases_total")
    assert negative == " OR ".join(f"(`{name}` < 0)" for name in counts)


def test_a_column_of_profiles_has_a_rule_without_naming_one() -> None:
    table = content("dim_customers")
    table["columns"]["support_plan_rating"] = {"type": "number", "presence": "optional"}
    column = SourceTable.model_validate(table).read_columns()["support_plan_rating"]
    assert column.unreadable == "profile_value_unreadable"


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ({"type": "count"}, "must have a rule about unreadable values of added"),
        ({"type": "text", "required": True}, "must name the rule about missing values"),
        ({"type": "text", "missing": "unheard_of"}, "and no others, got ['unheard_of']"),
        ({"type": "date", "unreadable": "event_date_unreadable", "least": 1}, "must have absurd beside"),
        ({"type": "amount", "unreadable": "event_date_unreadable"}, "must have too_precise in an amount"),
    ],
)
def test_a_column_without_its_rules_is_refused(column: dict[str, Any], told: str) -> None:
    table = content("fct_revenues")
    table["columns"]["added"] = column
    assert told in refusal(table)


def test_a_rule_that_no_column_names_is_refused() -> None:
    table = content("dim_accounts")
    table["rules"]["status_missing"] = {"severity": "warn", "means": "no status"}
    assert "and no others, got ['status_missing']" in refusal(table)

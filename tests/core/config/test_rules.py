"""Which rules there are, and what a configuration may make of them."""

from typing import Any

import pytest
import yaml

from jobs.core.config.quality import Severity
from jobs.core.config.rules import Check, QualityRules
from jobs.core.config.settings import Source
from jobs.core.runtime.errors import ConfigurationError
from tests.conftest import CHECKOUT, plain_settings


def rules(**severity: Any) -> QualityRules:
    return QualityRules.of(plain_settings(quality={"severity": severity}))


def test_severities_are_as_shipped_or_as_configured() -> None:
    shipped, changed = rules().rows["fct_revenues"], rules(refund="fail", event_count_negative=False)
    assert (shipped["refund"].severity, shipped["customer_key_missing"].severity) == ("warn", "quarantine")
    assert "duplicate_row" not in shipped, "it is off"
    assert changed.rows["fct_revenues"]["refund"].severity == "fail"
    assert "event_count_negative" not in changed.rows["fct_revenues"], "a bare off is false in YAML"


def test_what_a_rule_cannot_be_is_told_all_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        rules(
            refunds="fail",
            customer_key_missing="warn",
            total_revenue_unreadable="off",
            several_currencies="quarantine",
            rows_conserved="off",
        )
    unknown, *others = refused.value.problems
    assert unknown.startswith("quality.severity: must name rules among account_id_missing,")
    assert unknown.endswith("got 'refunds'; did you mean 'refund'?")
    assert others == [
        "quality.severity.customer_key_missing: must be quarantine or fail: "
        "such rows can't be used, got warn",
        "quality.severity.total_revenue_unreadable: must be quarantine or fail: "
        "such rows can't be used, got off",
        "quality.severity.several_currencies: must be warn, fail or off: it is not about rows",
        "quality.severity.rows_conserved: must not be changed: it always fails",
    ]


def test_no_rule_about_values_that_cannot_be_read_can_be_off() -> None:
    sources = yaml.safe_load((CHECKOUT / "conf/sources.yaml").read_text()).values()
    columns = [column for source in sources for column in source["columns"].values()]
    about = {each["unreadable"] for each in [*sources, *columns] if "unreadable" in each}
    assert "profile_value_unreadable" in about
    for off in ("off", False):
        with pytest.raises(ConfigurationError) as refused:
            rules(**dict.fromkeys(about, off))
        told = {problem.split(": ")[0] for problem in refused.value.problems}
        assert told == {f"quality.severity.{rule}" for rule in about}


def test_unreadable_values_that_may_be_missing_may_warn_and_not_be_off() -> None:
    changed = rules(profile_value_unreadable="warn").rows["dim_customers"]
    assert changed["profile_value_unreadable"].severity == "warn"
    with pytest.raises(ConfigurationError) as refused:
        rules(profile_value_unreadable="off")
    assert str(refused.value) == (
        "quality.severity.profile_value_unreadable: must be warn, quarantine or fail: values that can't be "
        "read would count as missing, and nobody be told, got off"
    )


def test_a_key_is_needed_where_duplicates_of_it_are_looked_for() -> None:
    sources = {
        "fct_revenues": Source(path="facts", unique_key=("id",)),
        "dim_accounts": Source(path="accounts"),
        "dim_customers": Source(path="profiles"),
    }
    rules(duplicate_row="warn").check_keys(sources)

    with pytest.raises(ConfigurationError) as refused:
        rules(duplicate_key="warn").check_keys(sources)

    assert str(refused.value).startswith("sources.dim_customers.unique_key: must be given")


def test_what_does_not_add_up_fails_with_the_figures() -> None:
    whole = rules().conserved("rows_conserved", "facts", read=1000, used=960, quarantined=40)
    broken = rules().conserved("rows_conserved", "facts", read=1000, used=960, quarantined=39)
    assert (whole.verdict, broken.verdict) == ("passed", "failed")
    assert "read 1,000, used 960, quarantined 39" in str(broken)


@pytest.mark.parametrize(
    ("severity", "verdict"), [("warn", "warned"), ("quarantine", "quarantined"), ("fail", "failed")]
)
def test_a_verdict_follows_from_severity_and_failures(severity: Severity, verdict: str) -> None:
    assert Check("r", "s", severity, "means", 5, 1).verdict == verdict
    assert Check("r", "s", severity, "means", 5, 0).verdict == "passed"

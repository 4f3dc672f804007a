"""The recipes of .github/CONTRIBUTING.md, applied to a copy as they stand there, and run once."""

import csv
import json
import re
import shutil
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol
from unittest.mock import MagicMock, create_autospec

import pytest
import yaml
from pyspark.sql import SparkSession

from jobs import tier_customers
from jobs.core.commands import kit
from jobs.core.commands.dispatch import Subcommand
from jobs.core.config import own_columns, source_columns, table_registry
from jobs.core.config.model import load_model
from jobs.core.config.rules import QualityRules
from jobs.core.pipeline.plan import STEPS
from jobs.core.pipeline.step import sql
from jobs.core.publish import provenance
from jobs.core.report.answers import Answers
from jobs.core.runtime import resources
from tests.conftest import CHECKOUT, Workspace, active, fact, plain_settings
from tests.registered import differences

MODEL = "conf/models/profitability_adherence.yaml"
PAGE = (CHECKOUT / ".github/CONTRIBUTING.md").read_text()


class Kept(Protocol):
    """A function that keeps what it has returned."""

    def cache_clear(self) -> None: ...


# What is read of conf and sql once in a process.
KEPT: tuple[Kept, ...] = (
    table_registry.table_registry,
    source_columns.source_tables,
    own_columns._ours,
    provenance._shipped,
)


def recipe(begins: str) -> str:
    """The block of the page whose first line names a place, without that line."""
    [block] = re.findall(rf"```\w+\n(?:#|--) {re.escape(begins)}[^\n]*\n(.*?)```", PAGE, re.DOTALL)
    return str(block)


def add(folder: Path, file: str, *keys: str) -> None:
    """Adds the entries of a recipe to a YAML file, under some keys."""
    content = yaml.safe_load((folder / file).read_text())
    under = content
    for key in keys:
        under = under[key]
    under |= yaml.safe_load(recipe(f"{file}, under {'.'.join(keys)}"))
    (folder / file).write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def forget() -> None:
    for kept in KEPT:
        kept.cache_clear()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of sql and conf, which are read instead, with what the recipes add to them."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in ("sql", "conf"):
        shutil.copytree(CHECKOUT / folder, copy / folder)
    features = copy / "sql/features/customer_measures.sql"
    column, before = recipe("sql/features/customer_measures.sql"), "    activity.first_event_date"
    features.write_text(features.read_text().replace(before, f"{column}{before}"))
    (copy / "sql/summary/flag_summary.sql").write_text(recipe("sql/summary/flag_summary.sql"))
    add(copy, "conf/rules.yaml", "rows", "fct_revenues")
    add(copy, "conf/sources.yaml", "dim_customers", "columns")
    add(copy, "conf/tables.yaml", "measures")
    add(copy, "conf/tables.yaml", "tables")
    content = yaml.safe_load((copy / MODEL).read_text())
    content["components"] += yaml.safe_load(recipe(f"{MODEL}, under components"))
    content["flags"] = yaml.safe_load(recipe(f"{MODEL}, under flags")) + content["flags"]
    (copy / MODEL).write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "files", lambda _: copy)
        assert recipe("jobs/core/pipeline/plan.py, in STEPS") == 'sql("summary", "flag_summary"),\n'
        patch.setitem(STEPS, "flag_summary", sql("summary", "flag_summary"))
        forget()
        yield copy
    forget()


@pytest.fixture(scope="module")
def extended(copy: Path, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A run over the copy."""
    workspace = Workspace(spark, tmp_path_factory.mktemp("recipes"))
    workspace.configure(
        model=str(copy / MODEL),
        sources={
            **{name: {"path": name} for name in ("fct_revenues", "dim_accounts")},
            "dim_customers": {"path": "profiles.csv", "format": "csv"},
        },
        quality={"limits": {"quarantined_share": 1}},
    )
    facts = [
        *(fact("Ann"), fact("Bob", revenue="50"), fact("Bob")),
        *(fact("Cy", total_gross_margin=Decimal(-5)), fact("Dee", revenue="40")),
    ]
    workspace.write_sources(facts, active("Ann", "Bob", "Cy", "Dee"))
    with (workspace.folder / "profiles.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("customer_name", "loyalty_years"), ("Ann", "2.5"), ("Bob", "many"), ("Cy", "")]
        )
    assert workspace.run("2024-12-31") == 0
    return workspace


def test_what_the_recipes_add_is_read(copy: Path) -> None:
    model = load_model(str(copy / MODEL))
    assert "margin_per_event" in {component.metric for component in model.components}
    assert model.flags[0].flag == "LOSS_MAKER"
    assert "negative_margin" in QualityRules.of(plain_settings()).rows["fct_revenues"]
    assert source_columns.source_tables()["dim_customers"].columns["loyalty_years"].type == "number"
    assert "flag_summary" in table_registry.tables_of_stage("comparison")
    assert STEPS["flag_summary"].reads == ("customer_tiers",)


def by_customer(workspace: Workspace, *columns: str) -> dict[str, tuple[Any, ...]]:
    return {
        row["customer_key"]: tuple(row[name] for name in columns) for row in workspace.rows("customer_tiers")
    }


def comments(workspace: Workspace, table: str) -> dict[str, Any]:
    return {field.name: field.metadata.get("comment") for field in workspace.table(table).schema}


@pytest.mark.long
def test_a_new_metric_is_one_column_and_one_line_of_the_model(extended: Workspace) -> None:
    assert by_customer(extended, "margin_per_event", "margin_per_event_below", "yield_score") == {
        "Ann": (Decimal("50.000000"), 3, Decimal("100.000000")),
        "Bob": (Decimal("37.500000"), 2, Decimal("66.666667")),
        "Dee": (Decimal("20.000000"), 1, Decimal("33.333333")),
        "Cy": (Decimal("-5.000000"), 0, Decimal("0E-6")),
    }
    told = comments(extended, "customer_tiers")
    assert told["margin_per_event"] == "Margin of an average event"
    assert told["margin_per_event_points"] == (
        "What margin_per_event adds to its score; NULL if it is missing and its weight is shared"
    )
    assert told["yield_score"]


@pytest.mark.long
def test_a_new_flag_is_one_entry_of_the_model(extended: Workspace) -> None:
    # Bob brings most revenue and margin, by one account.
    first = {key: flag for key, (flag,) in by_customer(extended, "action_flag").items()}
    assert first == {"Ann": "NEW", "Bob": "EXPANSION", "Cy": "LOSS_MAKER", "Dee": "NEW"}
    flags = {row["customer_key"]: row["action_flags"] for row in extended.rows("customer_tiers")}
    assert flags["Cy"][0] == ("LOSS_MAKER", "Price review")


@pytest.mark.long
def test_a_new_rule_is_one_entry(extended: Workspace) -> None:
    [found] = [row for row in extended.rows("data_quality") if row["rule"] == "negative_margin"]
    assert (found["source"], found["checked"], found["failed"]) == ("fct_revenues", 5, 1)
    assert (found["example"], found["verdict"]) == ("Cy", "warned")


@pytest.mark.long
def test_a_new_source_column_is_one_entry_and_its_description(extended: Workspace) -> None:
    years = {key: number for key, (number,) in by_customer(extended, "loyalty_years").items()}
    assert years == {"Ann": Decimal("2.5"), "Bob": None, "Cy": None, "Dee": None}
    told = comments(extended, "customer_tiers")["loyalty_years"]
    assert told == "For how long it has been a customer"
    [aside] = extended.rows("quarantine_dim_customers")
    assert json.loads(aside["source_row"])["loyalty_years"] == "many"
    assert aside["reasons"] == ["profile_value_unreadable"]


@pytest.mark.long
def test_a_new_table_is_its_sql_one_line_of_the_plan_and_its_entry(extended: Workspace, copy: Path) -> None:
    found = {
        row["action_flag"]: (row["customers"], row["total_revenue"]) for row in extended.rows("flag_summary")
    }
    assert found == {
        "NEW": (2, Decimal(140)),
        "EXPANSION": (1, Decimal(150)),
        "LOSS_MAKER": (1, Decimal(100)),
    }
    [run] = extended.published()
    assert (run["row_counts"]["flag_summary"], "flag_summary" in run["table_versions"]) == (3, True)
    model = load_model(str(copy / MODEL))
    types = {field.name: field.dataType.simpleString() for field in extended.table("flag_summary").schema}
    assert differences("flag_summary", model, types) == []
    assert comments(extended, "flag_summary")["customers"] == "Scored customers"


@pytest.fixture
def flags_command(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the recipe, and its line among the commands."""
    module = ModuleType("jobs.flags")
    exec(recipe("jobs/flags.py"), module.__dict__)  # noqa: S102
    monkeypatch.setitem(sys.modules, "jobs.flags", module)
    line = recipe("jobs/tier_customers.py, in COMMANDS")
    assert line.startswith('"flags": Subcommand("jobs.flags", ')
    monkeypatch.setitem(tier_customers.COMMANDS, "flags", Subcommand("jobs.flags", "as the line says"))
    return module


@pytest.mark.usefixtures("log_handlers")
def test_the_command_of_the_recipe_fits_what_it_calls(
    flags_command: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = create_autospec(flags_command.__dict__["the_snapshot"])
    shown = create_autospec(Answers.frame)
    monkeypatch.setitem(flags_command.__dict__, "the_snapshot", snapshot)
    monkeypatch.setattr(Answers, "frame", shown)
    for session in ("borrowed_session", "functions"):
        monkeypatch.setattr(kit, session, MagicMock())  # no Spark
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(plain_settings().model_dump(exclude_unset=True)))
    given = ["--config", str(tmp_path / "run.yaml"), "--json", "--log-file", str(tmp_path / "flags.log")]

    assert tier_customers.run(["flags", *given]) == 0, (tmp_path / "flags.log").read_text()

    snapshot.return_value.read.assert_called_once_with("customer_tiers")
    assert shown.call_args.kwargs == {"model": "profitability_adherence"}


@pytest.mark.long
@pytest.mark.usefixtures("flags_command")
def test_a_new_command_is_one_module_and_one_line(
    extended: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    log = str(extended.folder / "flags.log")

    assert tier_customers.run(["flags", "--config", str(extended.config), "--json", "--log-file", log]) == 0

    shown = [(row["action_flag"], row["count"]) for row in json.loads(capsys.readouterr().out)]
    assert shown == [("EXPANSION", 1), ("LOSS_MAKER", 1), ("NEW", 2)]

"""The command customer-tiers: typical mistakes and what is said of them. Starts no Spark."""

import argparse
import contextlib
import re
import runpy
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from jobs import decide, tier_customers
from jobs.core.commands import actions
from jobs.core.commands.arguments import Parser
from jobs.tier_customers import COMMANDS
from tests.conftest import CHECKOUT

DATES = "--as-of, --every, --from, --to"
COMMON = "--config, --set, --log-file"


def run(*arguments: str) -> int:
    return tier_customers.run(arguments)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """What stderr says of wrong arguments, without the first line and the last."""
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    first, *problems, last = printed.err.splitlines()
    assert first == "Bad arguments:"
    assert re.fullmatch(r"See customer-tiers.* --help", last)
    return problems


KNOWN = "publish, reproduce, explain, decide, check-model, check-source, upgrade, init"


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        ([], [f"a command must be given, one of {KNOWN}"]),
        (["pubish"], [f"the command must be one of {KNOWN}, got 'pubish'; did you mean 'publish'?"]),
        (
            ["check_model", "--config", "x"],
            [f"the command must be one of {KNOWN}, got 'check_model'; did you mean 'check-model'?"],
        ),
        (["serve"], [f"the command must be one of {KNOWN}, got 'serve'"]),
        (["publish"], ["--config: must be given", "--as-of: must be given"]),
        (["publish", "--config", "x", "--as-of"], ["--as-of: must be given a value"]),
        (
            ["publish", "--confg", "x", "--as-off=2024-12-31"],
            [
                f"--confg: must be a known option, one of {COMMON}, {DATES}, --allow-empty, --no-summary, "
                "--json; did you mean '--config'?",
                f"--as-off: must be a known option, one of {COMMON}, {DATES}, --allow-empty, --no-summary, "
                "--json; did you mean '--as-of'?",
            ],
        ),
        (
            ["publish", "--config", "x", "--as-of", "2024-12-31", "2024-09-30"],
            ["2024-09-30: must be options, each with two dashes before its name"],
        ),
        (["reproduce", "--config", "x"], ["RUN_ID: must be given"]),
        (["decide"], ["an action must be given, one of list, record, history"]),
        (
            ["decide", "lsit", "--config", "x"],
            ["the action must be one of list, record, history, got 'lsit'; did you mean 'list'?"],
        ),
        (
            ["decide", "list", "--config", "x", "--axis", "tiers"],
            [
                "--axis: must be one of tier, value_segment, behavior_segment, health_state, got 'tiers'; "
                "did you mean 'tier'?"
            ],
        ),
        (
            ["decide", "list", "--config", "x", "--customer", "Ann"],
            [f"--customer: must be a known option, one of {COMMON}, --model, --axis, --as-of, --json"],
        ),
        (["init"], ["--facts: must be given"]),
        (["upgrade"], ["--from: must be given", "--to: must be given"]),
    ],
)
def test_wrong_arguments_are_told_in_short(
    arguments: list[str], problems: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, *arguments) == problems


def test_a_secret_among_wrong_arguments_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(
        capsys, "publish", "--config", "x", "--as-of", "2024-12-31", "s3://key:secret@bucket/x\x1b[2J"
    )
    assert told == ["s3://***@bucket/x\\x1b[2J: must be options, each with two dashes before its name"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["publish", "--as-of", "2024-12-31"],
        ["reproduce", "1"],
        ["check-model"],
        ["check-source"],
        ["decide", "list"],
    ],
)
def test_bad_configuration_mentions_no_log(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "job.log"
    assert run(*arguments, "--config", "nowhere.yaml", "--log-file", str(log)) == 2
    assert capsys.readouterr().err.splitlines() == [
        "Bad configuration:",
        "nowhere.yaml: must be an existing file; there is none",
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_subcommand_tells_of_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):
        assert run(name, "--help") == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: customer-tiers {name}")
    if name != "decide":
        assert "--log-file" in printed
        assert "exit status: 0 done; 2 bad configuration" in printed


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--from", "a.b", "--to", "a.b"], "--to: must be another place than --from, got 'a.b' twice"),
        (["--from", "x/../y", "--to", "./y"], "--to: must be another place than --from, got './y' twice"),
        (
            ["--from", " ", "--to", "y"],
            "--from: path: must be a path without backquotes and line breaks, got ' '",
        ),
    ],
)
def test_an_upgrade_goes_to_another_place(
    arguments: list[str], problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("upgrade", *arguments, "--log-file", str(tmp_path / "job.log")) == 2
    assert capsys.readouterr().err.splitlines() == ["Bad configuration:", problem]


@pytest.mark.parametrize("action", ["list", "record", "history"])
def test_each_action_tells_of_its_options(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run("decide", action, "--help")
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: customer-tiers decide {action}")


def test_help_lists_the_subcommands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    printed = capsys.readouterr().out
    assert all(f"\n  {name:<14}{command.help}\n" in printed for name, command in COMMANDS.items())


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """The subcommands that are run, with what they are given, instead of their work."""
    calls: list[tuple[str, list[str]]] = []

    class Module:
        def __init__(self, name: str) -> None:
            self.name = name

        def run(self, arguments: Iterable[str]) -> int:
            calls.append((self.name, list(arguments)))
            return 0

    monkeypatch.setattr("jobs.core.commands.dispatch.import_module", Module)
    return calls


@pytest.mark.parametrize(
    ("before", "module", "now", "hint"),
    [
        (
            ["--config", "x", "--as-of", "2024-12-31"],
            "jobs.publish",
            ["--config", "x", "--as-of", "2024-12-31"],
            "customer-tiers publish",
        ),
        (
            ["--config", "x", "--reproduce", "1", "--no-summary"],
            "jobs.reproduce",
            ["--config", "x", "1"],
            "customer-tiers reproduce RUN_ID",
        ),
        (
            ["--reproduce=1", "--config", "x"],
            "jobs.reproduce",
            ["1", "--config", "x"],
            "customer-tiers reproduce",
        ),
    ],
)
def test_without_a_subcommand_it_does_what_it_did_with_a_hint(
    *,
    before: list[str],
    module: str,
    now: list[str],
    hint: str,
    arrived: list[tuple[str, list[str]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(*before) == 0
    assert arrived == [(module, now)]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"Hint: this is now called {hint}")
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["decide", "check-model", "check-source", "init"])
def test_commands_that_were_installed_before_do_what_they_did_with_a_hint(
    name: str,
    arrived: list[tuple[str, list[str]]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", [f"customer-tiers-{name}", "--config", "x"])
    getattr(tier_customers, name.replace("-", "_"))()
    assert arrived == [(COMMANDS[name].module, ["--config", "x"])]
    assert capsys.readouterr().err == (
        f"Hint: customer-tiers-{name} is now called customer-tiers {name}; the old name works as before\n"
    )


def test_with_a_subcommand_there_is_no_hint(
    arrived: list[tuple[str, list[str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("reproduce", "1", "--config", "x") == 0
    assert arrived == [("jobs.reproduce", ["1", "--config", "x"])]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "--config", "x", "--set", "a=1", "--json"],
        ["--config", "x", "--set", "a=1", "list", "--json"],
        ["--json", "--config=x", "--set", "a=1", "list"],
    ],
)
def test_options_stand_before_or_behind_an_action(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[argparse.Namespace] = []

    def parsed_only(parser: Parser, others: Sequence[str], _: object) -> int:
        given.append(parser.parsed(others))
        return 0

    monkeypatch.setattr(actions, "run_command", parsed_only)
    assert decide.run(arguments) == 0
    [parsed] = given
    assert (str(parsed.config), parsed.assignments, parsed.json) == ("x", ["a=1"], True)


def test_options_may_be_cut_short_and_values_may_begin_like_options() -> None:
    parser = Parser("try", None)
    parser.add_argument("--reason")
    given = parser.parsed(["--conf", "x", "--reason", "--urgent: call them"])
    assert (str(given.config), given.reason) == ("x", "--urgent: call them")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_subcommand_is_a_module_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--no-such-option"])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(CHECKOUT / f"{COMMANDS[name].module.replace('.', '/')}.py"), run_name="__main__")
    assert left.value.code == 2


def test_the_readme_names_subcommands_that_there_are() -> None:
    named = re.findall(r"customer-tiers ([a-z][a-z-]*)", (CHECKOUT / "README.md").read_text())
    assert {"publish", "reproduce", "decide", "init"} <= set(named) <= set(COMMANDS)

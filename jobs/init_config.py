"""Writes a first configuration for tables of one's own, with each guess and its reason as a comment."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from jobs.core.command import EXIT_STATUS_HELP, leave, run_command
from jobs.core.errors import ConfigurationError, Problems
from jobs.core.first_config import first_config
from jobs.core.logs import default_log_file
from jobs.core.session import borrowed_session
from jobs.core.settings import load_settings
from jobs.core.steps import say
from jobs.core.table_look import Look, look_at

_OPTIONS = {
    "fct_revenues": ("--facts", "revenue facts: one row per event of a customer"),
    "dim_accounts": ("--accounts", "accounts with their status (default: those of the facts, all active)"),
    "dim_customers": ("--customers", "profiles of customers, for the second model"),
}


def main() -> None:
    """The command; it returns when all is written and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    given = _parser().parse_args(arguments)
    return run_command(lambda _: _init_config(given), given.log_file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="init_config", description=__doc__, epilog=EXIT_STATUS_HELP)
    for source, (option, text) in _OPTIONS.items():
        required = source == "fct_revenues"
        parser.add_argument(option, dest=source, metavar="PATH", required=required, help=text)
    parser.add_argument(
        "--output", type=Path, default=Path("run.yaml"), metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument(
        "--log-file", type=Path, default=default_log_file(), metavar="FILE", help="log (default: %(default)s)"
    )
    return parser


def _init_config(given: argparse.Namespace) -> None:
    if not given.output.parent.is_dir():
        raise ConfigurationError(f"--output: must be in a folder that is there, got {str(given.output)!r}")
    files = first_config(given.output, _looks(given))
    there = [str(file) for file in files if file.exists()]
    if there and not given.force:
        raise ConfigurationError(
            *(f"--output: must not be there yet, unless --force is given, got {file!r}" for file in there)
        )
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
    load_settings(given.output, [])
    todos = sum(text.count("TODO:") for text in files.values())
    say(f"Written: {', '.join(map(str, files))}; {todos} places in them say TODO")
    say(f"Look through them, then: python -m jobs.check_source --config {given.output}")


def _looks(given: argparse.Namespace) -> dict[str, Look]:
    """The tables that were given, with every problem in any of them told at once."""
    problems = Problems()
    looks = {}
    with borrowed_session("customer-tiers", given.log_file) as spark:
        for source, (option, _) in _OPTIONS.items():
            place = getattr(given, source)
            if place is not None:
                with problems.gathered():
                    looks[source] = look_at(spark, option, place)
    problems.refuse()
    return looks


if __name__ == "__main__":
    main()

"""Writes a first configuration for tables of one's own, with each guess and its reason as a comment."""

import sys
from collections.abc import Sequence
from pathlib import Path

from jobs.core.commands.arguments import Parser
from jobs.core.commands.kit import Command, leave, run_command
from jobs.core.config.settings import load_settings
from jobs.core.runtime.errors import ConfigurationError, Problems
from jobs.core.runtime.progress import say
from jobs.core.sources.first_config.document import first_config
from jobs.core.sources.first_config.table_look import TableLook, look_at

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
    return run_command(_parser(), arguments, _init_config)


def _parser() -> Parser:
    parser = Parser("init", __doc__, configured=False)
    for source, (option, text) in _OPTIONS.items():
        required = source == "fct_revenues"
        parser.add_argument(option, dest=source, metavar="PATH", required=required, help=text)
    parser.add_argument(
        "--output", type=Path, default=Path("run.yaml"), metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    return parser


def _init_config(command: Command) -> None:
    given = command.arguments
    if not given.output.parent.is_dir():
        raise ConfigurationError(f"--output: must be in a folder that is there, got {str(given.output)!r}")
    files = first_config(given.output, _looks(command))
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
    say(f"Look through them, then: customer-tiers check-source --config {given.output}")


def _looks(command: Command) -> dict[str, TableLook]:
    """The tables that were given, with every problem in any of them told at once."""
    problems = Problems()
    looks = {}
    with command.session() as spark:
        for source, (option, _) in _OPTIONS.items():
            place = getattr(command.arguments, source)
            if place is not None:
                with problems.gathered():
                    looks[source] = look_at(spark, option, place)
    problems.refuse()
    return looks


if __name__ == "__main__":
    main()

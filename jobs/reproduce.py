"""Computes a published run again, from what it recorded, and compares; publishes nothing."""

import sys
from collections.abc import Sequence

from jobs.core.commands.arguments import Parser
from jobs.core.commands.configuration import read_configuration
from jobs.core.commands.kit import Command, leave, run_command
from jobs.core.publish.reproduction import reproduce
from jobs.core.runtime.progress import say


def main() -> None:
    """The command; it returns when the run is reproduced and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    return run_command(_parser(), arguments, _reproduce)


def _parser() -> Parser:
    parser = Parser("reproduce", __doc__)
    parser.add_argument("run_id", metavar="RUN_ID", help="of the published run, as runs has it")
    return parser


def _reproduce(command: Command) -> None:
    settings, models = read_configuration(command.arguments)
    say(f"Customer tiers, {', '.join(model.name for model in models)}")
    with command.session(settings.time_zone) as spark:
        reproduce(spark, settings, models, command.arguments.run_id)


if __name__ == "__main__":
    main()

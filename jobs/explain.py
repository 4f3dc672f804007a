"""Explains one customer at a date: scores to the last digit, segments, the last move, and its history."""

import sys
from collections.abc import Sequence

from jobs.core.commands.arguments import Parser
from jobs.core.commands.configuration import read_configuration_and_date
from jobs.core.commands.kit import Command, leave, run_command
from jobs.core.publish.output import Output
from jobs.core.publish.recorded import snapshots_until
from jobs.core.report.answers import Answers
from jobs.core.report.customer_report import show_customer

_MOST_SNAPSHOTS = 12  # of the history


def main() -> None:
    """The command; it returns when all is done and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    return run_command(_parser(), arguments, _explain)


def _parser() -> Parser:
    parser = Parser("explain", __doc__)
    parser.add_argument("--customer", required=True, metavar="KEY", help="whom, as customer_key has it")
    parser.add_argument("--model", metavar="NAME", help="one of the configuration's models (default: all)")
    parser.add_argument("--as-of", metavar="YYYY-MM-DD", help="date of the snapshot (default: the latest)")
    parser.add_json()
    return parser


def _explain(command: Command) -> None:
    settings, models, as_of = read_configuration_and_date(command.arguments, "--as-of")
    with command.session(settings.time_zone) as spark:
        output = Output(spark, settings, models)
        found = [(model, snapshots_until(output, model, as_of)) for model in models]
        with Answers(as_json=command.arguments.json) as answers:
            for model, history in found:
                show_customer(answers, model, history[-_MOST_SNAPSHOTS:], command.arguments.customer)


if __name__ == "__main__":
    main()

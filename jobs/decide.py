"""Lists the changes of segments that wait for a decision, and records decisions and overrides."""

import sys
from collections.abc import Sequence
from pathlib import Path

from jobs.core.commands.actions import Action, run_action
from jobs.core.commands.arguments import Parser, optional_date
from jobs.core.commands.configuration import models_called, read_configuration
from jobs.core.commands.kit import Command, leave
from jobs.core.config.decision_input import COLUMNS, Decision, read_file
from jobs.core.config.model import ScoringModel
from jobs.core.config.segmentation import AXES
from jobs.core.config.settings import Settings
from jobs.core.pipeline.engine import Engine
from jobs.core.publish import decisions
from jobs.core.publish.output import Output
from jobs.core.publish.recorded import find_snapshot, the_snapshot
from jobs.core.report.answers import Answers
from jobs.core.runtime.errors import ConfigurationError, Problems
from jobs.core.runtime.progress import say

_SHOWN = ("customer_key", "customer_name", "axis", "from_value", "to_value", "trigger", "action")
# Option and help of each column of a decision.
_OPTIONS = {
    "customer_key": ("--customer", "whom it is about, as customer_key has it"),
    "axis": ("--axis", ", ".join(AXES)),
    "decision": ("--decision", "approve or reject what waits, or override what is computed"),
    "value": ("--value", "what is approved, rejected or set"),
    "decided_by": ("--by", "who decides"),
    "reason": ("--reason", "why; an override must have one"),
    "valid_from": ("--valid-from", "first date of a snapshot for which it counts, like 2024-12-31"),
    "expires": ("--expires", "first date for which it no longer does; an override must have one"),
}


def main() -> None:
    """The command; it returns when all is done and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    return run_action("decide", __doc__, _actions(), arguments)


def _actions() -> dict[str, Action]:
    return {
        "list": Action(_list_parser(), _list),
        "record": Action(_record_parser(), _record),
        "history": Action(_history_parser(), _history),
    }


def _parser(action: str, description: str) -> Parser:
    parser = Parser(f"decide {action}", description)
    parser.add_argument("--model", metavar="NAME", help="which model, where several have segments")
    return parser


def _list_parser() -> Parser:
    parser = _parser("list", "Lists what waits for a decision.")
    parser.add_argument("--axis", choices=AXES, help="of this axis alone")
    parser.add_argument("--as-of", metavar="YYYY-MM-DD", help="date of the snapshot (default: the latest)")
    parser.add_json()
    return parser


def _record_parser() -> Parser:
    parser = _parser("record", "Records one decision, or those of a file: all, or none if one is wrong.")
    for column, (option, text) in _OPTIONS.items():
        parser.add_argument(option, dest=column, metavar="TEXT", help=text)
    parser.add_argument("--file", type=Path, help=f"CSV file of {', '.join(COLUMNS)}, instead of the options")
    parser.add_argument(
        "--allow-unknown", action="store_true", help="also about customers that no snapshot knows"
    )
    return parser


def _history_parser() -> Parser:
    parser = _parser("history", "Lists the decisions about a customer.")
    parser.add_argument("--customer", required=True, metavar="KEY", help="as customer_key has it")
    parser.add_json()
    return parser


def _list(command: Command) -> None:
    problems = Problems()
    as_of = None
    with problems.gathered():
        as_of = optional_date("--as-of", command.arguments.as_of)
    settings, model = _settings_and_model(command, problems)
    with command.session(settings.time_zone) as spark, Answers(as_json=command.arguments.json) as answers:
        snapshot = the_snapshot(Output(spark, settings, [model]), model, as_of)
        recorded = decisions.decided(snapshot.tables)
        with Engine(spark, model=model, tier_decisions=recorded) as engine:
            waiting = decisions.pending(engine, snapshot.tables, snapshot.snapshot, command.arguments.axis)
            rows = waiting.select(*_SHOWN, "pending_since", waiting["latest"].alias("latest_decision"))
            answers.frame(f"waiting on {snapshot.as_of}", rows)


def _record(command: Command) -> None:
    problems = Problems()
    recorded: list[Decision] = []
    with problems.gathered():
        recorded = _given_decisions(command)
    settings, model = _settings_and_model(command, problems)
    allow_unknown = command.arguments.allow_unknown
    with command.session(settings.time_zone) as spark:
        output = Output(spark, settings, [model])
        found = find_snapshot(output, model)
        if found is None and allow_unknown:
            output.log.prepare(model)  # refuses the place of another model
        tables, snapshot = output.tables_of(model), found.snapshot if found else None
        decisions.record(tables, model, recorded, snapshot=snapshot, allow_unknown=allow_unknown)
    say(f"{len(recorded):,} recorded. A snapshot follows them once it is published, or published again")


def _history(command: Command) -> None:
    settings, model = _settings_and_model(command, Problems())
    customer = command.arguments.customer
    with command.session(settings.time_zone) as spark, Answers(as_json=command.arguments.json) as answers:
        tables = Output(spark, settings, [model]).tables_of(model)
        answers.frame(f"decisions about {customer}", decisions.history(tables, customer))


def _settings_and_model(command: Command, problems: Problems) -> tuple[Settings, ScoringModel]:
    """The settings, and the model that is decided about, or every problem beside those found before."""
    with problems.gathered():
        settings, models = read_configuration(command.arguments)
        model = _with_segments(models_called(models, command.arguments.model))
    problems.refuse()
    return settings, model


def _with_segments(models: list[ScoringModel]) -> ScoringModel:
    segmented = [model for model in models if model.segments is not None]
    if not segmented:
        raise ConfigurationError(f"model: must have segments to decide about, got {_names(models)} without")
    if len(segmented) > 1:
        raise ConfigurationError(f"--model: must be given, one of {_names(segmented)}")
    return segmented[0]


def _names(models: list[ScoringModel]) -> str:
    return ", ".join(model.name for model in models)


def _given_decisions(command: Command) -> list[Decision]:
    given = command.arguments
    cells = {column: getattr(given, column) for column in _OPTIONS}
    if given.file is None:
        return [Decision.of(cells, {column: option for column, (option, _) in _OPTIONS.items()})]
    beside = [_OPTIONS[column][0] for column, text in cells.items() if text is not None]
    if beside:
        raise ConfigurationError(f"--file: must be given alone, got it beside {', '.join(beside)}")
    return read_file(given.file)


if __name__ == "__main__":
    main()

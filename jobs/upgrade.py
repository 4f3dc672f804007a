"""Carries what an earlier version published over to a new place, under the names of this version."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from jobs.core.commands.arguments import Parser
from jobs.core.commands.kit import Command, leave, run_command
from jobs.core.config.documents import validate
from jobs.core.config.settings import OutputPlace, resolved
from jobs.core.delta.identifiers import Location
from jobs.core.publish.upgrading import upgrade
from jobs.core.runtime.errors import ConfigurationError, Problems

_SCHEMA = re.compile(r"\w+\.\w+")


def main() -> None:
    """The command; it returns when all is carried over and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    return run_command(_parser(), arguments, _upgrade)


def _parser() -> Parser:
    parser = Parser("upgrade", __doc__, configured=False)
    parser.add_argument(
        "--from",
        dest="old",
        required=True,
        metavar="OLD",
        help="output of an earlier version, which stays as it is: a folder, or catalog.schema",
    )
    parser.add_argument(
        "--to", dest="new", required=True, metavar="NEW", help="where to carry it: empty, likewise"
    )
    return parser


def _upgrade(command: Command) -> None:
    problems = Problems()
    places: list[Location] = []
    for option, text in (("--from", command.arguments.old), ("--to", command.arguments.new)):
        with problems.gathered():
            places.append(_location(option, text))
    problems.refuse()
    old, new = places
    if old == new:
        raise ConfigurationError(
            f"--to: must be another place than --from, got {command.arguments.new!r} twice"
        )
    with command.session() as spark:
        upgrade(spark, old, new)


def _location(option: str, text: str) -> Location:
    """The place that an option names: two names with a dot are a schema, unless a folder is called so."""
    is_schema = _SCHEMA.fullmatch(text) and not Path(text).exists()
    location = {"schema": text} if is_schema else {"path": resolved(text, Path.cwd())}
    output = validate(OutputPlace, location, option)
    return Location(output.path, output.schema_name)


if __name__ == "__main__":
    main()

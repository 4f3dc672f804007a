"""Arguments of the command line: the options of every command, and plain words for what is wrong."""

import argparse
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NoReturn

from jobs.core.runtime.errors import ConfigurationError, Problems
from jobs.core.runtime.nearest import did_you_mean, one_of

PROGRAM = "customer-tiers"
_EXIT_STATUS_HELP = (
    "exit status: 0 done; 2 bad configuration or arguments; 3 bad data, which a check refused to publish; "
    "1 anything else (a conflict with another run says: run again)"
)
_MISSING = re.compile(r"the following arguments are required: (.*)")
_TOO_MANY = re.compile(r"unrecognized arguments: (.*)", re.DOTALL)
_OF_ONE = re.compile(r"argument (\S+): (.*)", re.DOTALL)
_WORDING = {"expected one argument": "must be given a value"}


class Parser(argparse.ArgumentParser):
    """The parser of one command, which tells of all unknown options at once and leaves exiting to others."""

    def __init__(self, command: str, description: str | None, *, configured: bool = True) -> None:
        """A parser of --log-file, and of --config and --set if the command is `configured`."""
        super().__init__(prog=f"{PROGRAM} {command}", description=description, epilog=_EXIT_STATUS_HELP)
        self._needed: list[tuple[str, ...]] = []
        if configured:
            self.add_argument(
                "--config", type=Path, required=True, metavar="FILE", help="run configuration (YAML)"
            )
            self.add_argument(
                "--set",
                action="append",
                default=[],
                metavar="KEY.PATH=VALUE",
                dest="assignments",
                help="a setting that wins over the file, e.g. output.path=/data/tiers",
            )
        self.add_argument(
            "--log-file",
            type=lambda text: Path(text) if text else None,
            metavar="FILE",
            help="log (default: a new one in a folder of the user for logs; it is named if something goes "
            "wrong)",
        )

    def add_json(self, what: str = "rows") -> None:
        """Adds --json, which prints `what` for programs."""
        self.add_argument("--json", action="store_true", help=f"print {what} for programs: one JSON array")

    def need_one_of(self, *options: str) -> None:
        """Refuses arguments without any of some options; the first of them is asked for."""
        self._needed.append(options)

    def flags(self) -> set[str]:
        """The options that take no value."""
        return {option for action in self._actions if action.nargs == 0 for option in action.option_strings}

    def parsed(self, arguments: Sequence[str]) -> argparse.Namespace:
        """What is given.

        Raises:
            ConfigurationError: arguments are wrong.
        """
        self._refuse_unknown(arguments)
        problems = Problems()
        with problems.gathered():
            found = self.parse_args(arguments)
        given = [name for name in map(_name, _up_to_values(arguments)) if name.startswith("--")]
        problems += [
            f"{options[0]}: must be given"
            for options in self._needed
            if not any(option.startswith(name) for option in options for name in given)
        ]
        problems.refuse()
        return found

    def _refuse_unknown(self, arguments: Sequence[str]) -> None:
        options = [option for action in self._actions for option in action.option_strings]
        known = [option for option in options if option.startswith("--") and option != "--help"]
        problems = Problems()
        for argument in _up_to_values(arguments):
            name = _name(argument)
            # Options may be cut short, and what holds a space is a value.
            is_option = name.startswith("--") and " " not in argument
            if is_option and not any(option.startswith(name) for option in options):
                expected = f"must be a known option, one of {', '.join(known)}"
                problems.append(f"{name}: {expected}{did_you_mean(name, known)}")
        problems.refuse()

    def error(self, message: str) -> NoReturn:
        """Raises what is wrong, in the words of the project."""
        if missing := _MISSING.fullmatch(message):
            raise ConfigurationError(*(f"{name}: must be given" for name in missing[1].split(", ")))
        if too_many := _TOO_MANY.fullmatch(message):
            raise ConfigurationError(f"{too_many[1]}: must be options, each with two dashes before its name")
        if of_one := _OF_ONE.fullmatch(message):
            message = f"{of_one[1]}: {_WORDING.get(of_one[2], of_one[2])}"
        raise ConfigurationError(message)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            raise argparse.ArgumentError(action, one_of(map(str, action.choices), value))


def _up_to_values(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments before a `--`, behind which none is an option."""
    return itertools.takewhile(lambda argument: argument != "--", arguments)


def _name(argument: str) -> str:
    return argument.partition("=")[0]


def overview(program: str, description: str | None, parts: Mapping[str, str | None]) -> str:
    """The help of a program that does one of several things, each with its own options."""
    listed = [f"  {name:<14}{text}" for name, text in parts.items()]
    usage = f"usage: {program} {{{','.join(parts)}}} [options]"
    return "\n".join(
        [usage, f"\n{description}\n", *listed, f"\n{program} {next(iter(parts))} --help shows its options"]
    )


def date_option(option: str, text: str) -> date:
    """The date that an option was given.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{option}: must be a date like 2024-12-31, got {text!r}") from None


def optional_date(option: str, text: str | None) -> date | None:
    """The date that an option was given, if it was.

    Raises:
        ConfigurationError: it is none.
    """
    return None if text is None else date_option(option, text)

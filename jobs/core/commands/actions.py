"""A command that does one of several things, each with options of its own: `decide list`, `decide record`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from jobs.core.commands.arguments import PROGRAM, Parser, overview
from jobs.core.commands.kit import Command, refused_arguments, run_command
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.runtime.nearest import one_of


class Action(NamedTuple):
    """One of the things: its options, and its work."""

    parser: Parser
    body: Callable[[Command], None]


def run_action(
    command: str, description: str | None, actions: Mapping[str, Action], arguments: Sequence[str]
) -> int:
    """Runs the action that arguments name, before or behind its options; the exit status."""
    program = f"{PROGRAM} {command}"
    if arguments and arguments[0] in {"-h", "--help"}:
        print(
            overview(program, description, {name: each.parser.description for name, each in actions.items()})
        )
        return 0
    flags = {flag for action in actions.values() for flag in action.parser.flags()}
    try:
        position = _position(arguments, actions, flags)
    except ConfigurationError as error:
        return refused_arguments(error, f"{program} --help")
    action = actions[arguments[position]]
    others = [*arguments[:position], *arguments[position + 1 :]]
    return run_command(action.parser, others, action.body)


def _position(arguments: Sequence[str], actions: Mapping[str, Action], flags: Collection[str]) -> int:
    """Where the action stands: the first argument that is no option and no option's value.

    Raises:
        ConfigurationError: there is none, or another.
    """
    is_value = False
    for position, argument in enumerate(arguments):
        if is_value:
            is_value = False
        elif argument.startswith("-"):
            is_value = argument not in flags and "=" not in argument
        elif argument in actions:
            return position
        else:
            raise ConfigurationError(f"the action {one_of(actions, argument)}")
    raise ConfigurationError(f"an action must be given, one of {', '.join(actions)}")

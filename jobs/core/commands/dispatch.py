"""One command with subcommands, and the names that they had before."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import NamedTuple

from jobs.core.commands.arguments import PROGRAM, overview
from jobs.core.commands.kit import leave, refused_arguments
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.runtime.nearest import one_of
from jobs.core.runtime.progress import say


class Subcommand(NamedTuple):
    """A subcommand: a module whose `run` takes the arguments that follow and gives the exit status."""

    module: str
    help: str

    def run(self, arguments: Sequence[str]) -> int:
        """Runs it; the module is imported only now."""
        return int(import_module(self.module).run(arguments))


def dispatch(commands: Mapping[str, Subcommand], arguments: Sequence[str], description: str | None) -> int:
    """Runs the subcommand that the first argument names; its exit status."""
    first, rest = (arguments[0], arguments[1:]) if arguments else ("", ())
    if first in {"-h", "--help"}:
        print(overview(PROGRAM, description, {name: command.help for name, command in commands.items()}))
        return 0
    if first in commands:
        return commands[first].run(rest)
    if first.startswith("-"):
        return _without_subcommand(commands, arguments)
    told = (
        f"the command {one_of(commands, first)}"
        if first
        else f"a command must be given, one of {', '.join(commands)}"
    )
    return refused_arguments(ConfigurationError(told), f"{PROGRAM} --help")


def _without_subcommand(commands: Mapping[str, Subcommand], arguments: Sequence[str]) -> int:
    """As it was before there were subcommands: publishes, or with --reproduce RUN_ID reproduces."""
    given = [argument.removeprefix("--reproduce=") for argument in arguments if argument != "--reproduce"]
    if given == list(arguments):
        say(f"Hint: this is now called {PROGRAM} publish; without publish it works as before")
        return commands["publish"].run(given)
    say(f"Hint: this is now called {PROGRAM} reproduce RUN_ID; --reproduce works as before")
    # These said nothing about a reproduction, and were taken all the same.
    kept = [argument for argument in given if argument not in {"--allow-empty", "--no-summary"}]
    return commands["reproduce"].run(kept)


def moved(commands: Mapping[str, Subcommand], name: str) -> Callable[[], None]:
    """The main function of a command that is a subcommand now."""

    def main() -> None:
        say(f"Hint: {PROGRAM}-{name} is now called {PROGRAM} {name}; the old name works as before")
        leave(commands[name].run(sys.argv[1:]))

    return main

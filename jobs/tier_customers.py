"""Scores and tiers customers from revenue data: the command customer-tiers, and the file for spark-submit."""

import sys
from collections.abc import Sequence

from jobs.core.commands.dispatch import Subcommand, dispatch, moved
from jobs.core.commands.kit import leave

COMMANDS = {
    "publish": Subcommand("jobs.publish", "publish tiers, and what changed, for one or more dates"),
    "reproduce": Subcommand("jobs.reproduce", "compute a published run again and compare"),
    "explain": Subcommand("jobs.explain", "say why one customer is what it is"),
    "decide": Subcommand("jobs.decide", "list what waits for a decision, and record decisions"),
    "check-model": Subcommand("jobs.check_model", "check models, and their latest snapshots"),
    "check-source": Subcommand("jobs.check_source", "read the sources as a run does; publish nothing"),
    "upgrade": Subcommand("jobs.upgrade", "carry an earlier version's output over to a new place"),
    "init": Subcommand("jobs.init_config", "write a first configuration for tables of one's own"),
}


def main() -> None:
    """The command; it returns when all is done and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    return dispatch(COMMANDS, arguments, __doc__)


# What was installed before there were subcommands.
decide, check_model, check_source, init = (
    moved(COMMANDS, name) for name in ("decide", "check-model", "check-source", "init")
)


if __name__ == "__main__":
    main()

"""The same inputs give the same rows, however they are laid out, divided and ranked."""

from collections.abc import Callable
from datetime import date
from random import Random

import pytest

from tests.conftest import PROFILES, Row, Workspace
from tests.end_to_end.test_segments import append_decisions
from tests.end_to_end.test_value_model import MODEL, WITH_PROFILES
from tests.generate import hostile_inputs
from tests.generate_profiles import History, value_history
from tests.settings import changed_setting

AS_OF = date(2024, 5, 31)
# Shuffle partitions, files, and up to how many customers a task ranks a peer group: once each group is ranked
# by a task, else nobody is, and the ranks are counted.
LAYOUTS = ((1, 1, 10**9), (7, 5, 0), (64, 3, 0))


def hashes(
    workspace: Workspace,
    layout: tuple[int, int, int],
    write: Callable[[Random, int, str], None],
    *dates: date,
) -> list[Row]:
    """The content hashes of dates that are published to an output of their own, from sources laid out so."""
    shuffle_partitions, files, plain_up_to = layout
    spark, output = workspace.spark, f"output-{shuffle_partitions}"
    write(Random(shuffle_partitions), files, output)
    with (
        changed_setting(spark, "spark.sql.shuffle.partitions", str(shuffle_partitions)),
        changed_setting(spark, "spark.sql.files.minPartitionNum", str(files)),  # each is read by a task
        # Else Spark would merge these small partitions into one again.
        changed_setting(spark, "spark.sql.adaptive.coalescePartitions.enabled", "false"),
    ):
        settings = (f"output.path={workspace.folder / output}", f"ranking.plain_up_to={plain_up_to}")
        options = [part for setting in settings for part in ("--set", setting)]
        assert workspace.run(*dates, options=options) == 0
    return [run["content_hashes"] for run in workspace.published(output)]


@pytest.mark.long
def test_rows_do_not_depend_on_partitions_or_the_order_of_the_input(workspace: Workspace) -> None:
    facts, accounts = hostile_inputs(seed=8, as_of=AS_OF)
    workspace.configure()

    def write(rng: Random, files: int, _: str) -> None:
        for rows in (facts, accounts):
            rng.shuffle(rows)
        workspace.write_sources(facts, accounts, partitions=files)

    found = [hashes(workspace, layout, write, AS_OF) for layout in LAYOUTS]

    assert found[0] == found[1] == found[2]
    assert len(found[0][0]) == 6


def in_any_order(workspace: Workspace, history: History) -> Callable[[Random, int, str], None]:
    """Writes sources with profiles, and the decisions of an output, their rows in some order."""

    def write(rng: Random, files: int, output: str) -> None:
        facts, accounts, profiles, decisions = (
            rng.sample(rows, len(rows))
            for rows in (history.facts, history.accounts, history.profiles, history.decisions)
        )
        workspace.write_sources(facts, accounts, partitions=files)
        workspace.write_source("dim_customers", profiles, PROFILES, files)
        append_decisions(workspace, decisions, output)

    return write


@pytest.mark.long
def test_so_do_those_of_the_model_with_profiles_segments_and_decisions(workspace: Workspace) -> None:
    history = value_history(seed=8)
    workspace.configure(sources=WITH_PROFILES, model=MODEL)
    write = in_any_order(workspace, history)

    found = [hashes(workspace, layout, write, *history.dates[3:8:4]) for layout in LAYOUTS]

    assert found[0] == found[1] == found[2]
    assert [len(snapshot) for snapshot in found[0]] == [13, 13]

"""The plan as a graph: what the SQL reads, what its headers say, and what is made of what."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from jobs.core.config.source_columns import source_tables
from jobs.core.config.table_registry import tables_of_stage
from jobs.core.pipeline.plan import INPUTS, STEPS
from jobs.core.pipeline.relations import reads
from jobs.core.pipeline.step import Step
from tests.conftest import CHECKOUT

ASKED_FOR = (
    "keys_look_alike",
    *(
        name
        for stage in ("features", "snapshot", "segments", "comparison")
        for name in tables_of_stage(stage)
    ),
)
SQL = [step for step in STEPS.values() if step.file is not None]
FOLDERS = ("mappings", "functions", "reference")  # which hold no steps


def all_reads(step: Step) -> set[str]:
    return {*step.reads, *step.reads_if_made}


def test_every_file_of_sql_is_a_step_and_every_step_of_sql_has_its_file() -> None:
    root = CHECKOUT / "sql"
    files = {path.relative_to(root).parts for path in root.rglob("*.sql")}
    assert {step.file for step in SQL} == {parts for parts in files if parts[0] not in FOLDERS}


def test_names_are_those_of_their_files_and_stand_once() -> None:
    assert [step.name for step in SQL] == [Path(step.file[1]).stem for step in SQL if step.file]
    assert [step.name for step in STEPS.values()] == list(STEPS)


def asked_by_conditions() -> set[str]:
    conditions = [step.only_if for step in STEPS.values() if step.only_if]
    return {name for asked in conditions for name in inspect.signature(asked).parameters}


def test_all_that_is_read_is_made_or_is_an_input() -> None:
    read = {name for step in STEPS.values() for name in all_reads(step)} | asked_by_conditions()
    assert read - set(STEPS) == set(INPUTS)


def is_frame(name: str) -> bool:
    """Whether a step makes rows, or an input is given as rows; else it is a value."""
    if name in INPUTS:
        return name in {*source_tables(), "previous_tiers", "previous_segments", "tier_decisions"}
    makes = STEPS[name].makes
    return makes is None or inspect.signature(makes).return_annotation is DataFrame


@pytest.mark.parametrize("step", SQL, ids=lambda step: step.name)
def test_relations_are_rows_and_markers_are_values(step: Step) -> None:
    read = reads(step.text)
    assert [name for name in read.names if not is_frame(name)] == []
    assert [name for name in sorted(read.markers) if is_frame(name)] == []


def test_a_condition_asks_for_inputs_alone() -> None:
    assert asked_by_conditions()
    assert asked_by_conditions() <= set(INPUTS)


def test_there_is_no_circle() -> None:
    done: set[str] = set(INPUTS)
    while ready := {name for name, step in STEPS.items() if name not in done and all_reads(step) <= done}:
        done |= ready
    assert set(STEPS) - done == set()


def test_nothing_is_made_that_nobody_asks_for() -> None:
    def needed(name: str) -> Iterator[str]:
        yield name
        for read in all_reads(STEPS[name]) if name in STEPS else ():
            yield from needed(read)

    asked = {each for name in ASKED_FOR for each in needed(name)}
    assert set(STEPS) - asked == set()


def sql_before(name: str) -> Iterator[str]:
    """The steps of SQL that one is made of, directly and behind functions."""
    for read in all_reads(STEPS[name]) & set(STEPS):
        if STEPS[read].file:
            yield read
        yield from sql_before(read)


def test_the_method_lists_every_file_after_what_it_is_made_of() -> None:
    page = (CHECKOUT / "sql/METHODOLOGY.md").read_text()
    table = page.split("## The order of the steps", 1)[1].split("\n\n")[1]
    stage, listed = "", []
    for folder, name in re.findall(r"`(?:(\w+)/)?(\w+)\.sql`", table):
        stage = folder or stage
        listed.append(name)
        assert STEPS[name].file == (stage, f"{name}.sql")
    assert sorted(listed) == sorted(step.name for step in SQL)
    too_early = {name: set(sql_before(name)) - set(listed[:place]) for place, name in enumerate(listed)}
    assert {name: missing for name, missing in too_early.items() if missing} == {}


def named_in(header: str) -> set[str]:
    """The relations that the header of a file names as its inputs.

    Between commas, without what explains them in parentheses or behind a colon: a word, or, among more words,
    what is written as a name.
    """
    inputs = re.search(r"Inputs?: (.*?)\. (?:Shuffles|Why)", header + " Why")
    assert inputs, "Input or Inputs, then Shuffles"
    parts = re.sub(r"\([^)]*\)|:.*", "", inputs[1]).split(",")
    words = [part.split() for part in parts]
    return {word for part in words for word in part if len(part) == 1 or "_" in word}


@pytest.mark.parametrize("step", SQL, ids=lambda step: step.name)
def test_the_header_of_a_file_names_what_it_reads(step: Step) -> None:
    [comment] = re.findall(r"\A(?:--.*\n)+", step.text)
    header = re.sub(r"\n-- ", " ", comment)
    assert header.startswith("-- Grain: ")
    assert "Shuffles: " in header
    assert named_in(header) == set(reads(step.text).names)
    values = re.findall(r"\. Values: ((?::\w+(?:, )?)+)\.", header)
    assert [marker.removeprefix(":") for each in values for marker in each.split(", ")] == sorted(
        reads(step.text).markers
    )


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ("Input: events.", {"events"}),
        ("Inputs: events, gone.", {"events", "gone"}),
        ("Inputs: events (all of them, by day), and behind them old_texts: a few.", {"events", "old_texts"}),
        ("Input: events, their money as whole units.", {"events"}),
    ],
)
def test_whatever_a_header_calls_an_input_counts(inputs: str, named: set[str]) -> None:
    assert named_in(f"-- Grain: one. {inputs} Shuffles: none.") == named

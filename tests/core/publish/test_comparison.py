"""Which version of the decisions a comparison reads."""

from datetime import date
from types import SimpleNamespace
from typing import Any, cast

from jobs.core.config.model import load_model
from jobs.core.publish.comparison import Comparison
from jobs.core.publish.decisions import TABLE as DECISIONS
from jobs.core.publish.snapshot import Snapshot
from jobs.core.sources.source_versions import SourceVersions


def comparison(version: int) -> Comparison:
    """One whose command found the decisions at a version."""
    tables = SimpleNamespace(version=lambda _: version)
    output: Any = SimpleNamespace(
        tables_of=lambda _: tables, root=SimpleNamespace(spark=None), rules=None, settings=None
    )
    return Comparison(cast("Any", output), load_model("value_potential_strategic"))


def read(found: Comparison, pinned: dict[str, int]) -> int:
    snapshot = Snapshot(date(2024, 6, 30), "run", SourceVersions(pinned))
    return found.with_decisions(snapshot).source_versions.tables[DECISIONS]


def test_the_larger_of_the_versions_that_the_command_and_the_day_know_counts() -> None:
    found = comparison(3)
    assert read(found, {"fct_revenues": 7}) == 3
    assert read(found, {DECISIONS: 2}) == 3
    # Another command recorded a decision, and compared the day with it.
    assert read(found, {DECISIONS: 5}) == 5

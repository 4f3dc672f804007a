"""With which of a run's published events another run was compared: by what is recorded alone."""

from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from jobs.core.publish.reproduction import _previous
from jobs.core.publish.staleness import SEGMENTS
from jobs.core.runtime.errors import BadDataError
from tests.conftest import Row


def event(segments: str | None, version: int = 1) -> Row:
    """A published event of the previous run, with segments of this hash; None without."""
    tables = ["customer_tiers", *([SEGMENTS] if segments else [])]
    told: Row = {"as_of": date(2024, 3, 31), "run_id": "before", "revenue": None, "previous_run_id": None}
    told |= {"configuration": "{}", "configuration_hash": ""}
    told |= {name: {} for name in ("source_versions", "source_files", "source_rows")}
    told["table_versions"] = dict.fromkeys(tables, version)
    told["row_counts"] = dict.fromkeys(tables, 0)
    return told | {"content_hashes": dict.fromkeys(tables, segments)}


def compared_with(found: list[Row], remembered: str | None) -> int | None:
    """The version of customer_tiers of the event that is taken."""
    output: Any = SimpleNamespace(
        log=SimpleNamespace(find=lambda run: {"a": found} if run == "before" else {})
    )
    run = {"previous_run_id": "before", "previous_segments_hash": remembered}
    snapshot = _previous(cast("Any", output), run, "a")
    return snapshot.written["customer_tiers"].version if snapshot else None


def test_of_several_events_the_one_with_the_segments_that_are_remembered_is_taken() -> None:
    found = [event("one", 1), event("two", 2), event("three", 3)]
    assert [compared_with(found, remembered) for remembered in ("one", "two", "three")] == [1, 2, 3]
    # Of those that are the same the last; of none that is the same, the last of all.
    assert compared_with([event("one", 1), event("one", 2), event("two", 3)], "one") == 2
    assert compared_with(found, "another") == 3


def test_without_segments_the_last_event_is_taken() -> None:
    assert compared_with([event(None, 1), event(None, 2)], None) == 2


def test_a_run_that_was_compared_with_nothing_or_with_what_is_not_told() -> None:
    nothing: Any = SimpleNamespace()
    assert _previous(nothing, {"previous_run_id": None}, "a") is None
    assert compared_with([], "one") is None


def test_what_an_upgrade_left_behind_is_not_taken() -> None:
    left = {**event("one", 1), "table_versions": {}}
    assert compared_with([event("two", 2), left], "one") == 2
    with pytest.raises(BadDataError, match="was left in the earlier output"):
        compared_with([left], "one")

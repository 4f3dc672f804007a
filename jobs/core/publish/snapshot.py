"""A published snapshot: what `runs` tells of one date of one model."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jobs.core.config.configuration import Configuration
from jobs.core.delta.written import WrittenTable
from jobs.core.publish.counting import counting
from jobs.core.sources.source_versions import SourceVersions

_MADE_WITH = ("code_version", "semantics", "definitions")


@dataclass(frozen=True)
class Snapshot:
    """One date of one model as its run makes it, and `runs` records it.

    Attributes:
        as_of: the date.
        run_id: of the run that made it.
        source_versions: what the run read.
        source_rows: rows of each source, used or not.
        written: the tables.
        revenue: of the scored customers.
        previous_run_id: whose snapshot it was compared with; None for the first of a model.
        previous_segments_hash: of the segments that it remembered; None without.
        configuration: that it was made with, as recorded; None while it is made.
        made_with: the code's version, semantics and definitions, as recorded; empty while it is made.
        started: `time.monotonic()` when the run began.
        is_new: no other run had told of the date when this one did, so that no table of a model has rows of
            it. (Those of customer_features may be there: they are written for later dates too.)
    """

    as_of: date
    run_id: str
    source_versions: SourceVersions
    source_rows: Mapping[str, int] = field(default_factory=dict)
    written: Mapping[str, WrittenTable] = field(default_factory=dict)
    revenue: Any = None
    previous_run_id: str | None = None
    previous_segments_hash: str | None = None
    configuration: Configuration | None = None
    made_with: Mapping[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    is_new: bool = False


def begun(as_of: date, source_versions: SourceVersions) -> Snapshot:
    """The snapshot of a date that a run of its own begins to make."""
    return Snapshot(as_of, str(uuid.uuid4()), source_versions)


def snapshots_of(events: Sequence[Mapping[str, Any]]) -> dict[date, Snapshot]:
    """The published snapshot that counts of each date, of the events of one model."""
    return {day: snapshot_of(event) for day, event in counting(events).items()}


def snapshot_of(run: Mapping[str, Any]) -> Snapshot:
    """The snapshot that a published event of a run tells of."""
    return Snapshot(
        run["as_of"],
        run["run_id"],
        SourceVersions(run["source_versions"], run["source_files"]),
        run["source_rows"],
        {
            table: WrittenTable(
                table_version, run["row_counts"][table], run["content_hashes"][table], run["run_id"]
            )
            for table, table_version in run["table_versions"].items()
        },
        run["revenue"],
        run["previous_run_id"],
        run.get("previous_segments_hash"),
        Configuration(run["configuration"], run["configuration_hash"], run.get("model_hash")),
        {name: run.get(name) for name in _MADE_WITH},
    )

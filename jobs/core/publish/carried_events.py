"""What `runs` tells of an output that is carried over: the same events, of the tables in the new place."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.configuration import Configuration
from jobs.core.config.model import ScoringModel
from jobs.core.publish.counting import Event, counting
from jobs.core.publish.decisions import TABLE as DECISIONS
from jobs.core.publish.snapshot import Snapshot, snapshot_of
from jobs.core.runtime.errors import BadDataError
from jobs.core.runtime.literals import literal_rows

_EVENT = {"model": "string", "run_id": "string", "happened_at": "bigint"}
_CARRIED = {
    "table_versions": "map<string,bigint>",
    "content_hashes": "map<string,string>",
    "source_versions": "map<string,bigint>",
}
_CONFIGURED = {"configuration_hash": "string", "configuration": "string", "model_hash": "string"}


@dataclass(frozen=True)
class CarriedRun:
    """A snapshot that counts.

    Attributes:
        event: of `runs`, which tells of it.
        snapshot: as it lies where it is read from; once carried over, as it lies there.
        model: that it was made with.
    """

    event: Event
    snapshot: Snapshot
    model: ScoringModel


def configurations_by_new_names(events: Iterable[Event]) -> dict[str, Configuration]:
    """The configurations of events by hash, with the keys of this version; without those it can't read."""
    found: dict[str, Configuration] = {}
    for event in events:
        recorded = Configuration(event["configuration"], event["configuration_hash"], event.get("model_hash"))
        if recorded.hash not in found:
            try:
                found[recorded.hash] = recorded.by_new_names()
            except (KeyError, ValueError):
                continue
    return found


def published_by_model(
    events: Sequence[Event], configurations: Mapping[str, Configuration]
) -> dict[str, list[CarriedRun]]:
    """The snapshots that count, in order of date, of each model that has some.

    Raises:
        BadDataError: this version can't read the model of one.
    """
    found: dict[str, list[CarriedRun]] = {}
    for name in sorted({event["model"] for event in events}):
        for day, event in sorted(counting(each for each in events if each["model"] == name).items()):
            configuration = configurations.get(event["configuration_hash"])
            if configuration is None:
                raise BadDataError(
                    f"runs must tell of {name} on {day} with a configuration that this version can read; "
                    f"run {event['run_id']} has another. Publish that date again with the earlier version"
                )
            model = ScoringModel.model_validate(json.loads(configuration.text)["model"])
            found.setdefault(name, []).append(CarriedRun(event, snapshot_of(event), model))
    return found


def carried_runs(
    runs: DataFrame, carried: Iterable[CarriedRun], configurations: Mapping[str, Configuration]
) -> DataFrame:
    """All events as they happened, of the tables in the new place.

    Args:
        runs: of the earlier output.
        carried: the snapshots that count, as they lie in the new place.
        configurations: by the hash that they have in `runs`.

    Returns:
        Rows of `runs`. Those of runs that don't count any more tell of no tables: these are left behind.
    """
    spark = runs.sparkSession
    tables = literal_rows(spark, {**_EVENT, **_CARRIED}, [_row(each) for each in carried])
    rows = [(was, each.hash, each.text, each.model_hash) for was, each in configurations.items()]
    renewed = literal_rows(spark, {"was": "string", **_CONFIGURED}, rows)
    of_event = (
        (F.col("model") == F.col("carried.model"))
        & (F.col("run_id") == F.col("carried.run_id"))
        & (F.unix_micros("happened_at") == F.col("carried.happened_at"))
        & (F.col("status") == "published")
    )
    joined = runs.join(tables.select(F.struct("*").alias("carried")), of_event, "left").join(
        renewed.select(F.struct("*").alias("renewed")),
        F.col("configuration_hash") == F.col("renewed.was"),
        "left",
    )
    without_decisions = F.map_filter("source_versions", lambda name, _: name != DECISIONS)
    columns = {
        "table_versions": F.coalesce("carried.table_versions", F.create_map().cast("map<string,bigint>")),
        "content_hashes": F.coalesce("carried.content_hashes", "content_hashes"),
        "source_versions": F.coalesce("carried.source_versions", without_decisions),
        **{name: _first(f"renewed.{name}", name, runs) for name in _CONFIGURED},
    }
    return joined.withColumns(columns).drop("carried", "renewed")


def _first(renewed: str, name: str, runs: DataFrame) -> Column:
    # Earlier versions told no hash of the model.
    return F.coalesce(renewed, name) if name in runs.columns else F.col(renewed)


def _row(published: CarriedRun) -> tuple[Any, ...]:
    event, snapshot = published.event, published.snapshot
    return (
        *(event[name] for name in _EVENT),
        {table: written.version for table, written in snapshot.written.items()},
        {table: written.content_hash for table, written in snapshot.written.items()},
        dict(snapshot.source_versions.tables),
    )

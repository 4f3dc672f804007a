"""Carries what an earlier version published over to a new place, under the names of this version."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

from pyspark.sql import DataFrame, SparkSession

from jobs.core.config.model import ScoringModel
from jobs.core.config.published_tables import table_definition
from jobs.core.config.table_registry import table_registry, tables_of_stage
from jobs.core.delta.identifiers import Location
from jobs.core.delta.making import EARLIER_LAYOUT, LAYOUT, LAYOUT_VERSION
from jobs.core.delta.tables import OutputTables
from jobs.core.delta.written import WrittenTable
from jobs.core.publish import decisions, readers
from jobs.core.publish.carried_events import (
    CarriedRun,
    carried_runs,
    configurations_by_new_names,
    published_by_model,
)
from jobs.core.publish.decisions import TABLE as DECISIONS
from jobs.core.publish.events import collected
from jobs.core.publish.layouts import renamed
from jobs.core.publish.runs import HOLDS, SEVERAL_MODELS, create_runs
from jobs.core.runtime.errors import BadDataError, ConfigurationError
from jobs.core.runtime.progress import say, timed
from jobs.core.sources.source_versions import SourceVersions


def upgrade(spark: SparkSession, old: Location, new: Location) -> None:
    """Carries an output over: the snapshots that count, decisions, quality, and all that `runs` tells.

    `runs` is written at last, so that half an upgrade can't be taken for a whole one.

    Args:
        spark: the session.
        old: the output of an earlier version; it is read alone.
        new: an empty place.

    Raises:
        ConfigurationError: there is nothing to upgrade, or the new place isn't empty.
        BadDataError: the earlier output isn't what its `runs` tells.
    """
    source, target = OutputTables(spark, old), OutputTables(spark, new)
    holds = _checked(source)
    runs = source.read_at("runs", source.version("runs"))
    events = collected(runs)
    configurations = configurations_by_new_names(events)
    published = published_by_model(events, configurations)
    if not published:
        raise ConfigurationError(f"--from: must hold a published snapshot, got {old}, which holds none")
    models = {
        name: Carrier(*(_tables_of(tables, name, holds) for tables in (source, target))) for name in published
    }
    _refuse_unless_empty(target, [carrier.new for carrier in models.values()])
    try:
        carried = []
        for name, carrier in models.items():
            say(name)
            carried += carrier.carry_snapshots(published[name])
        shared = Carrier(source, target)
        any_model = carried[0].model
        for table in tables_of_stage("quality"):
            shared.carry_whole(table, any_model)
        create_runs(target, any_model, holds)
        target.append("runs", carried_runs(runs, carried, configurations))
        for name, carrier in models.items():
            readers.create_views(carrier.new, target, name)
    except BaseException:
        say(f"{new} holds half an upgrade: delete it, and run again")
        raise
    dates = sorted(each.snapshot.as_of for each in carried)
    say(f"{len(carried):,} snapshots from {dates[0]} to {dates[-1]} are carried over; {old} is as it was")
    say(f"Publish to {new} from now on, and read there")


def _checked(source: OutputTables) -> str:
    """What an earlier output holds, in the words of its `runs`.

    Raises:
        ConfigurationError: it can't be upgraded, or needn't be.
    """
    properties, location = source.properties("runs"), source.location
    if properties is None:
        raise ConfigurationError(
            f"--from: must be the output of an earlier version, got {location} without runs"
        )
    found = properties.get(LAYOUT)
    if found == LAYOUT_VERSION:
        raise ConfigurationError(
            f"--from: must be of an earlier layout than {LAYOUT_VERSION}, which this version writes, "
            f"got {location}: publish there as it is"
        )
    if found != EARLIER_LAYOUT:
        raise ConfigurationError(
            f"--from: must be of layout {EARLIER_LAYOUT}, got {location} of layout {found}"
        )
    return properties[HOLDS]


def _tables_of(tables: OutputTables, model_name: str, holds: str) -> OutputTables:
    return (
        OutputTables(tables.spark, tables.location.of_model(model_name))
        if holds == SEVERAL_MODELS
        else tables
    )


def _refuse_unless_empty(root: OutputTables, of_models: Iterable[OutputTables]) -> None:
    there = [
        str(tables.location)
        for tables in dict.fromkeys([root, *of_models])
        if any(tables.is_there(table) for table in table_registry().tables)
    ]
    if there:
        raise ConfigurationError(
            f"--to: must be empty, got tables in {', '.join(there)}; choose another place, or delete them "
            "if they are of an upgrade that didn't end"
        )


class Carrier:
    """Carries tables from one place to another.

    Attributes:
        new: where to.
    """

    def __init__(self, old: OutputTables, new: OutputTables) -> None:
        self._old, self.new = old, new

    def carry_snapshots(self, published: Sequence[CarriedRun]) -> list[CarriedRun]:
        """A model's snapshots, and all decisions about its customers; as they lie in the new place then."""
        source_versions = [each.snapshot.source_versions.tables for each in published]
        pinned = {versions[DECISIONS] for versions in source_versions if DECISIONS in versions}
        decided = self.carry_decisions(sorted(pinned), published[-1].model)
        tables = list(dict.fromkeys(table for each in published for table in each.snapshot.written))
        # At once: most of them are small, and wait for Delta's log rather than for a processor.
        with ThreadPoolExecutor() as pool:
            carrying = {table: pool.submit(self._table, table, published) for table in tables}
        written = {table: future.result() for table, future in carrying.items()}
        return [self._carried(each, written, decided) for each in published]

    @staticmethod
    def _carried(
        published: CarriedRun, written: dict[str, dict[date, WrittenTable]], decided: dict[int, int]
    ) -> CarriedRun:
        snapshot = published.snapshot
        source_versions = {
            name: decided[version] if name == DECISIONS else version
            for name, version in snapshot.source_versions.tables.items()
        }
        tables = {table: written[table][snapshot.as_of] for table in snapshot.written}
        return replace(
            published,
            snapshot=replace(
                snapshot,
                written=tables,
                source_versions=SourceVersions(source_versions, snapshot.source_versions.files),
            ),
        )

    def _table(self, table: str, published: Sequence[CarriedRun]) -> dict[date, WrittenTable]:
        """One table of all snapshots, in the order in which they were written: so its columns came."""
        holding = [each for each in published if table in each.snapshot.written]
        carried = {}
        with timed(table) as rows:
            for each in sorted(holding, key=lambda each: each.snapshot.written[table].version):
                as_of, was = each.snapshot.as_of, each.snapshot.written[table]
                frame = renamed(table, self._old.read_written(table, as_of, was))
                self._create(table, frame, each.model)
                carried[as_of] = self.new.replace(table, {as_of: was.run_id}, frame)[as_of]
                self._check(table, as_of, was, carried[as_of])
                rows.append(was.rows)
        return carried

    def _check(self, table: str, as_of: date, was: WrittenTable, now: WrittenTable) -> None:
        """Raises BadDataError if other rows were read than the run wrote."""
        same_values = not table_registry().tables[table].columns_of_names
        if was.rows != now.rows or (same_values and was.content_hash != now.content_hash):
            raise BadDataError(
                f"{self._old.location}: {table} of {as_of} at version {was.version} must be as runs tells, "
                f"{was.rows:,} rows with the hash {was.content_hash}, got {now.rows:,} with "
                f"{now.content_hash}"
            )

    def _create(self, table: str, frame: DataFrame, model: ScoringModel) -> None:
        described = table_definition(table, model)
        # A company's own columns are described in the settings of its runs, and so in its tables.
        comments = {field.name: field.metadata.get("comment", "") for field in frame.schema}
        self.new.create(
            table, frame.schema.fields, replace(described, columns={**comments, **described.columns})
        )

    def carry_whole(self, table: str, model: ScoringModel) -> None:
        """A table that keeps the rows of all runs, if it is there."""
        if self._old.is_there(table):
            with timed(table):
                frame = renamed(table, self._old.read(table))
                self._create(table, frame, model)
                self.new.append(table, frame)

    def carry_decisions(self, pinned: Sequence[int], model: ScoringModel) -> dict[int, int]:
        """All decisions; by the version at which a snapshot read them, the version with the same ones."""
        if not self._old.is_there(DECISIONS):
            return {}
        decisions.prepare(self.new, model)
        versions: dict[int, int] = {}
        known: DataFrame | None = None
        with timed(DECISIONS):
            for version in [*pinned, self._old.version(DECISIONS)]:
                now = self._old.read_at(DECISIONS, version)
                added = now if known is None else now.exceptAll(known)
                if not added.isEmpty():
                    self.new.append(DECISIONS, added)
                versions[version] = self.new.version(DECISIONS)
                known = now
        return versions

"""Publishes snapshots: writes their tables, and tells `runs` which versions belong together."""

import hashlib
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core import explanation, pipeline
from jobs.core.errors import BadDataError, ConfigurationError
from jobs.core.layout import layout
from jobs.core.model import ScoringModel
from jobs.core.settings import Settings
from jobs.core.steps import Steps, one_row, say, timed
from jobs.core.tables import Location, OutputTables, Written

_RUNS = {
    "as_of": "date",
    "model": "string",
    "run_id": "string",
    "status": "string",
    "happened_at": "timestamp",
    "source_versions": "map<string,bigint>",
    "table_versions": "map<string,bigint>",
    "row_counts": "map<string,bigint>",
    "content_hashes": "map<string,string>",
    "configuration_hash": "string",
    "code_version": "string",
}
_HOLDS = "customer_tiers.holds"  # table property of runs: whose snapshots it tells of
_LABELS = ("as_of", "model", "run_id")  # of every row of every table


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot, as its run recorded it."""

    as_of: date
    run_id: str
    source_versions: dict[str, int]
    written: dict[str, Written]


def _code_version() -> str:
    try:
        return version("customer-tiers")
    except PackageNotFoundError:  # run from the zip, which carries no metadata
        return "unpackaged"


def _map(entries: Mapping[str, int | str]) -> Column:
    return F.create_map(*(F.lit(each) for entry in entries.items() for each in entry))


def _configuration_hash(settings: Settings, model: ScoringModel) -> str:
    text = settings.model_dump_json() + model.model_dump_json()
    return hashlib.sha256(text.encode()).hexdigest()


class Publisher:
    """Publishes one model's snapshots to one location.

    Attributes:
        model: what it scores with.
        tables: the model's tables.
    """

    def __init__(
        self, spark: SparkSession, settings: Settings, model: ScoringModel, source_versions: dict[str, int]
    ) -> None:
        root = OutputTables(spark, Location(settings.output.path, settings.output.schema_name))
        self.model = model
        self.tables = OutputTables(spark, root.location.of_model(model.name)) if settings.models else root
        self._root = root
        self._spark = spark
        self._settings = settings
        self._source_versions = source_versions
        self._holds = "several models" if settings.models else f"model {model.name}"

    def prepare_location(self) -> None:
        """Creates `runs`, or refuses a location that belongs to another model.

        Raises:
            ConfigurationError: it does.
        """
        held = self._root.property("runs", _HOLDS)
        if held not in {None, self._holds}:
            raise ConfigurationError(
                f"output: must be a place for {self._holds}, got {self._root.location}, "
                f"which holds {held}; choose another output"
            )
        empty = one_row(self._spark).select(*(F.lit(None).cast(kind).alias(n) for n, kind in _RUNS.items()))
        fields = empty.schema.fields
        self._root.create("runs", fields, layout("runs", self.model), {_HOLDS: self._holds})

    def write_features(self, as_of: date, features: DataFrame) -> DataFrame:
        """Writes customer_features of one date down, and reads them as written.

        Why: scores and exclusions both need them, and a plan that runs twice costs twice.
        """
        # Ids are of one writing: narrow rows can travel by them, and nothing published holds them.
        numbered = features.withColumn(pipeline.ROW_ID, F.monotonically_increasing_id())
        written = self._write(self._root, "customer_features", as_of, str(uuid.uuid4()), numbered)
        return self._root.read_written("customer_features", as_of, written).drop(*_LABELS)

    def publish(self, as_of: date, features: DataFrame, allow_empty: bool) -> None:
        """Publishes the snapshot of one date, and what changed since the one before.

        A later snapshot that is already there is compared anew, with this one.

        Args:
            as_of: the date.
            features: customer_features of that date, as written.
            allow_empty: publish even if there is nobody to score.

        Raises:
            BadDataError: there is nobody to score.
        """
        snapshot = Snapshot(as_of, str(uuid.uuid4()), self._source_versions, {})
        with Steps(self._spark, as_of=as_of) as steps:
            assessed = pipeline.assessed_customers(steps, features, self.model, as_of)
            if not allow_empty and assessed.where("exclusion_reason IS NULL").isEmpty():
                raise BadDataError(
                    f"{as_of}: no customer can be scored ({assessed.count():,} seen, all excluded). "
                    "Nothing was published for it. Check as_of and the sources, or publish an empty "
                    "snapshot with --allow-empty"
                )
            tables = {
                "customer_tiers": pipeline.customer_tiers(
                    steps, self.model, as_of, self._settings.ranking.plain_up_to
                ),
                "excluded_customers": steps.sql("tiers", "excluded_customers"),
                "model_components": pipeline.model_components(self._spark, self.model),
            }
            snapshot = self._write_all(snapshot, tables)
        published = self._published()
        earlier = [date_ for date_ in published if date_ < as_of]
        later = [date_ for date_ in published if date_ > as_of]
        self._record(self._compare(snapshot, published[max(earlier)] if earlier else None))
        if later:
            say(f"{min(later)} again: what changed since {as_of}")
            self._record(self._compare(published[min(later)], snapshot))
        self._create_view()

    def _compare(self, current: Snapshot, previous: Snapshot | None) -> Snapshot:
        """Writes the tables that compare a snapshot with the previous one."""
        tiers = self._read("customer_tiers", current)
        with Steps(
            self._spark,
            as_of=current.as_of,
            previous_as_of=previous.as_of if previous else None,
            list_unchanged=self._settings.migration.list_unchanged,
        ) as steps:
            excluded = self._read("excluded_customers", current)
            before = self._read("customer_tiers", previous) if previous else tiers.limit(0)
            return self._write_all(current, pipeline.migration(steps, tiers, excluded, before, self.model))

    def _read(self, table: str, snapshot: Snapshot) -> DataFrame:
        return self.tables.read_published(table, snapshot.as_of, snapshot.run_id, snapshot.written[table])

    def _write_all(self, snapshot: Snapshot, frames: dict[str, DataFrame]) -> Snapshot:
        # At once: most of them are small, and wait for Delta's log rather than for a processor.
        with ThreadPoolExecutor() as pool:
            writing = {
                table: pool.submit(self._write, self.tables, table, snapshot.as_of, snapshot.run_id, frame)
                for table, frame in frames.items()
            }
        written = {table: future.result() for table, future in writing.items()}
        return replace(snapshot, written={**snapshot.written, **written})

    def _write(self, tables: OutputTables, table: str, as_of: date, run_id: str, frame: DataFrame) -> Written:
        # Features that several models share belong to none of them.
        model = self.model.name if tables is self.tables else "shared"
        with timed(table) as rows:
            labelled = frame.select(
                F.lit(as_of).alias("as_of"),
                F.lit(model).alias("model"),
                F.lit(run_id).alias("run_id"),
                "*",
            )
            tables.create(table, labelled.schema.fields, layout(table, self.model))
            written = tables.replace(table, as_of, labelled)
            rows.append(written.rows)
        return written

    def _published(self) -> dict[date, Snapshot]:
        """The latest published run of each date. One row a run: it does not grow with customers."""
        runs = self._root.read("runs").where(F.col("model") == self.model.name).where("status = 'published'")
        return {
            run["as_of"]: Snapshot(
                run["as_of"],
                run["run_id"],
                run["source_versions"],
                {
                    table: Written(version, run["row_counts"][table], run["content_hashes"][table])
                    for table, version in run["table_versions"].items()
                },
            )
            for run in sorted(runs.collect(), key=lambda run: run["happened_at"])
        }

    def _record(self, snapshot: Snapshot) -> None:
        """Tells `runs` that the snapshot is published."""
        written = snapshot.written
        values = {
            "as_of": F.lit(snapshot.as_of),
            "model": F.lit(self.model.name),
            "run_id": F.lit(snapshot.run_id),
            "status": F.lit("published"),
            "happened_at": F.lit(datetime.now(UTC)),
            "source_versions": _map(snapshot.source_versions),
            "table_versions": _map({table: each.version for table, each in written.items()}),
            "row_counts": _map({table: each.rows for table, each in written.items()}),
            "content_hashes": _map({table: each.content_hash for table, each in written.items()}),
            "configuration_hash": F.lit(_configuration_hash(self._settings, self.model)),
            "code_version": F.lit(_code_version()),
        }
        row = one_row(self._spark)
        self._root.append(
            "runs", row.select(*(values[name].cast(kind).alias(name) for name, kind in _RUNS.items()))
        )

    def _create_view(self) -> None:
        """Creates score_components, where there is a catalog to hold a view."""
        if self.tables.location.schema is not None:
            view = self.tables.location.identifier("score_components")
            self._spark.sql(f"CREATE OR REPLACE VIEW {view} AS\n{explanation.score_components(self.tables)}")

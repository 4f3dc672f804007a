"""The place of a run's tables: writes and appends to them, each row with its date, model and run."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import ScoringModel, fallbacks_of
from jobs.core.config.published_tables import table_definition
from jobs.core.config.rules import Check, QualityRules
from jobs.core.config.settings import Settings
from jobs.core.config.table_registry import tables_with_history, types_of
from jobs.core.delta.identifiers import Location
from jobs.core.delta.making import lacks_history
from jobs.core.delta.tables import OutputTables
from jobs.core.delta.written import Total, WrittenTable
from jobs.core.publish.runs import RunLog
from jobs.core.publish.snapshot import Snapshot
from jobs.core.runtime.literals import literal_rows
from jobs.core.runtime.progress import timed
from jobs.core.runtime.visible import visible

LABELS = ("as_of", "model", "run_id")  # of every row of every table
SHARED = "shared"  # the model of what belongs to no model: features and checks of sources


class Output:
    """Where a run publishes: the tables that all models share, and `runs`."""

    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        models: list[ScoringModel],
        fallbacks: Mapping[str, ScoringModel] | None = None,
    ) -> None:
        """Publishes models, of which some may read a score of `fallbacks` (default: `fallbacks_of` them)."""
        self.root = OutputTables(spark, Location(settings.output.path, settings.output.schema_name))
        self.settings = settings
        self.models = models
        self.fallbacks = fallbacks_of(models) if fallbacks is None else fallbacks
        self.log = RunLog(self.root, settings, self.fallbacks)
        self.rules = QualityRules.of(settings)
        self._of_models = {
            model.name: OutputTables(spark, self.root.location.of_model(model.name))
            if settings.models
            else self.root
            for model in models
        }

    def keep_history(self) -> None:
        """Has tables that an earlier version made keep what `runs` promises, and then `runs` tells so.

        They are those of every model that `runs` names: others that are published here may not come for long.
        """
        if lacks_history(self.root.properties("runs")):
            of_models = dict(self._of_models)
            for name in self.log.model_names() if self.settings.models else ():
                place = self.root.location.of_model(name)
                of_models.setdefault(name, OutputTables(self.root.spark, place))
            for tables in dict.fromkeys([*of_models.values(), self.root]):
                for table in tables_with_history():
                    if table != "runs":
                        tables.keep_history(table, tables.properties(table))

    def recognise(self) -> None:
        """Recognises tables that are as this version defines them: a run like this one published into them.

        Such a run made, before it published, whatever its tables lacked; those of quarantine, which it may
        not have needed, are whole when they are made.
        """
        alike = [self.log.has_published_alike(model) for model in self.models]
        for model, is_alike in zip(self.models, alike, strict=True):
            self.tables_of(model).are_as_defined = is_alike
        self.root.are_as_defined = all(alike)

    def tables_of(self, model: ScoringModel) -> OutputTables:
        """The tables of one model."""
        return self._of_models[model.name]

    def write(
        self,
        table: str,
        snapshot: Snapshot,
        frame: DataFrame,
        *,
        model: ScoringModel | None = None,
        totals: Mapping[str, Total] | None = None,
    ) -> WrittenTable:
        """Replaces the rows of one date in one table; those of all models if no model is given."""
        labelled = self.labelled(frame, snapshot, model)
        return self._replace(table, [snapshot], labelled, model, totals)[snapshot.as_of]

    def write_dates(
        self, table: str, snapshots: Sequence[Snapshot], frame: DataFrame, totals: Mapping[str, Total]
    ) -> dict[date, WrittenTable]:
        """Replaces the rows of several dates, which have their as_of, in a table that all models share."""
        run_ids = json.dumps({str(snapshot.as_of): snapshot.run_id for snapshot in snapshots})
        by_date = F.from_json(F.lit(run_ids), "map<string,string>")
        with_run = frame.withColumn("run_id", F.element_at(by_date, F.col("as_of").cast("string")))
        labelled = self.labelled(with_run, snapshots[0], None)
        return self._replace(table, snapshots, labelled, None, totals)

    def _replace(
        self,
        table: str,
        snapshots: Sequence[Snapshot],
        labelled: DataFrame,
        model: ScoringModel | None,
        totals: Mapping[str, Total] | None,
    ) -> dict[date, WrittenTable]:
        tables = self.root if model is None else self.tables_of(model)
        run_ids = {snapshot.as_of: snapshot.run_id for snapshot in snapshots}
        with timed(table if len(run_ids) == 1 else f"{table}, {len(run_ids)} dates") as rows:
            described = table_definition(table, model or self.models[0], self.settings.sources.own_columns)
            tables.create(table, labelled.schema.fields, described)
            are_new = all(snapshot.is_new for snapshot in snapshots)
            written = tables.replace(table, run_ids, labelled, totals, are_new=are_new)
            rows.extend(each.rows for each in written.values())
        return written

    def write_all(
        self,
        snapshot: Snapshot,
        frames: Mapping[str, DataFrame],
        model: ScoringModel,
        totals: Mapping[str, Mapping[str, Total]] | None = None,
    ) -> Snapshot:
        """Replaces the rows of one date in several of a model's tables; the snapshot with them."""
        # At once: most of them are small, and wait for Delta's log rather than for a processor.
        with ThreadPoolExecutor() as pool:
            writing = {
                table: pool.submit(
                    self.write, table, snapshot, frame, model=model, totals=(totals or {}).get(table)
                )
                for table, frame in frames.items()
            }
        written = {table: future.result() for table, future in writing.items()}
        return replace(snapshot, written={**snapshot.written, **written})

    def append(self, table: str, snapshot: Snapshot, frame: DataFrame) -> None:
        """Appends rows of a run to a table that keeps those of all runs."""
        rows = self.labelled(frame, snapshot, None)
        self.root.create(table, rows.schema.fields, table_definition(table, self.models[0]))
        self.root.append(table, rows)

    def keep_checks(self, snapshot: Snapshot, checks: Sequence[tuple[str, Check]]) -> None:
        """Appends checks to data_quality, each with the name of its model, or `SHARED`."""
        rows = [
            (model, c.rule, c.source, c.severity, c.checked, c.failed, c.example or c.figures, c.verdict)
            for model, c in checks
        ]
        if rows:
            of_run = {"as_of", "run_id"}
            types = {name: kind for name, kind in types_of("data_quality").items() if name not in of_run}
            self.append("data_quality", snapshot, literal_rows(self.root.spark, types, rows))

    def where_to_look(self, snapshot: Snapshot) -> str:
        """Where a person finds what the checks of a run found."""
        return (
            f"data_quality and quarantine_* in {visible(str(self.root.location))}, "
            f"run_id = '{snapshot.run_id}'"
        )

    @staticmethod
    def labelled(frame: DataFrame, snapshot: Snapshot, model: ScoringModel | None) -> DataFrame:
        """Rows with the date, the model and the run they belong to; a `model` that is there stays."""
        labels = {
            "as_of": snapshot.as_of,
            "model": model.name if model else SHARED,
            "run_id": snapshot.run_id,
        }
        added = [
            F.col(name) if name in frame.columns else F.lit(value).alias(name)
            for name, value in labels.items()
        ]
        return frame.select(*added, *(name for name in frame.columns if name not in labels))

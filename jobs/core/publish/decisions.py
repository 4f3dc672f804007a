"""Decisions of people about customers' segments: what waits for one, and the table tier_decisions."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import DateType, StringType, StructField, StructType, TimestampType

from jobs.core.config.documents import is_date
from jobs.core.config.model import ScoringModel
from jobs.core.config.segmentation import AXES, CHURNED
from jobs.core.config.table_docs import layout
from jobs.core.delta.stamps import later_than_all
from jobs.core.delta.tables import OutputTables
from jobs.core.pipeline.steps import Steps, literal_rows
from jobs.core.publish.runs import Snapshot
from jobs.core.runtime.errors import ConfigurationError, Problems
from jobs.core.runtime.nearest import did_you_mean

TABLE = "tier_decisions"
FIELDS = StructType(
    [
        StructField("customer_key", StringType()),
        StructField("axis", StringType()),
        StructField("decision", StringType()),
        StructField("value", StringType()),
        StructField("decided_by", StringType()),
        StructField("reason", StringType()),
        StructField("valid_from", DateType()),
        StructField("expires", DateType()),
        StructField("recorded_at", TimestampType()),
    ]
)
COLUMNS = tuple(name for name in FIELDS.names if name != "recorded_at")  # what a person gives
DECISIONS = _APPROVE, _REJECT, _OVERRIDE = "approve", "reject", "override"
_FOR_OVERRIDES = ("reason", "expires")  # given at will, but for an override
_REQUIRED = set(COLUMNS) - set(_FOR_OVERRIDES)


@dataclass(frozen=True)
class Decision:
    """One decision as it was given.

    Attributes:
        values: text by column; None where there is none.
        names: what messages call each column.
    """

    values: Mapping[str, str | None]
    names: Mapping[str, str]

    @classmethod
    def of(cls, cells: Mapping[str, str | None], names: Mapping[str, str] | None = None) -> Self:
        """A decision made of cells or arguments, of which a blank one is none."""
        values = {column: cells.get(column) for column in COLUMNS}
        return cls(
            {column: text if text and text.strip() else None for column, text in values.items()},
            names or {column: column for column in COLUMNS},
        )

    def must_be(self, column: str, expected: str) -> str:
        """Says that a column must be something else than it is."""
        return f"{self.names[column]}: must be {expected}, got {self.values[column]!r:.80}"

    def problems(self, model: ScoringModel) -> Iterator[str]:
        """What is wrong with it, whoever the customer is."""
        given = {column: text for column, text in self.values.items() if text is not None}
        is_override = given.get("decision") == _OVERRIDE
        for column in COLUMNS:
            if column not in given and (column in _REQUIRED or is_override):
                yield f"{self.names[column]}: must be given{' with an override' * (column in _FOR_OVERRIDES)}"
        for column, text in given.items():
            if text.encode(errors="replace").decode() != text:  # bytes of the command line that are no text
                yield self.must_be(column, "Unicode text")
        values = values_by_axis(model, given.get("decision", ""))
        choices = {
            "axis": tuple(values),
            "decision": DECISIONS,
            "value": values.get(given.get("axis", ""), ()),
        }
        for column, allowed in choices.items():
            if column in given and allowed and given[column] not in allowed:
                must_be = self.must_be(column, f"one of {', '.join(allowed)}")
                yield must_be + did_you_mean(given[column], allowed)
        begins, ends = given.get("valid_from", ""), given.get("expires", "")
        for column, text in (("valid_from", begins), ("expires", ends)):
            if text and not is_date(text):
                yield self.must_be(column, "a date like 2024-12-31")
        if is_date(begins) and is_date(ends) and ends <= begins:
            yield self.must_be("expires", f"after {begins}, from which the decision is valid")


def values_by_axis(model: ScoringModel, decision: str) -> dict[str, tuple[str, ...]]:
    """The values that a decision of a kind can name, on each axis that it can be about.

    Value segments, and having left, are all that waits for approval.
    """
    if decision in {_APPROVE, _REJECT}:
        return {
            "value_segment": model.segmentation.values_of("value_segment"),
            "behavior_segment": (CHURNED,),
        }
    return {axis: model.segmentation.values_of(axis, model.tier_names) for axis in AXES}


def judged(steps: Steps, recorded: DataFrame, model: ScoringModel) -> DataFrame:
    """All decisions of `tier_decisions`, each with `counts`: whether it can have an effect.

    Args:
        steps: where the views are made.
        recorded: the table, which others can write to as well.
        model: with segments.
    """
    steps.view(TABLE, recorded)
    known = [
        (axis, decision, value)
        for decision in DECISIONS
        for axis, values in values_by_axis(model, decision).items()
        for value in (*values, *((None,) if decision == _REJECT else ()))
    ]
    types = dict.fromkeys(("axis", "decision", "value"), "string")
    steps.view("known_decisions", literal_rows(recorded.sparkSession, types, known))
    return steps.sql("segments", "judged_decisions")


def read_file(file: Path) -> list[Decision]:
    """The decisions in a CSV file of `COLUMNS` in any order; reason and expires may be left out.

    Raises:
        ConfigurationError: it is no such file.
    """
    problems, found, place = Problems(), [], str(file)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines, strict=True)
            header = next(rows, [])
            if not _REQUIRED <= set(header) <= set(COLUMNS) or len(set(header)) < len(header):
                wanted = ", ".join(COLUMNS)
                raise ConfigurationError(
                    f"{file}: line 1: must name the columns {wanted}, got {', '.join(header)!r:.200}"
                )
            place = f"{file}: line {rows.line_num + 1}"
            for row in rows:
                if row and len(row) != len(header):
                    problems.append(f"{place}: must have {len(header)} cells as line 1 has, got {len(row)}")
                elif row:
                    names = {column: f"{place}: {column}" for column in COLUMNS}
                    found.append(Decision.of(dict(zip(header, row, strict=True)), names))
                place = f"{file}: line {rows.line_num + 1}"
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.append(f"{place}: must be a readable CSV file in UTF-8, got: {error}")
    if not found and not problems:
        problems.append(f"{file}: must hold at least one decision below its first line; there is none")
    problems.refuse()
    return found


def prepare(tables: OutputTables, model: ScoringModel) -> None:
    """Creates the table of decisions unless it is there."""
    tables.create(TABLE, FIELDS.fields, layout(TABLE, model))


def record(
    tables: OutputTables,
    model: ScoringModel,
    decisions: Sequence[Decision],
    snapshot: Snapshot | None,
    *,
    allow_unknown: bool = False,
) -> None:
    """Appends decisions, all in one commit or none.

    Args:
        tables: of the model.
        model: with segments.
        decisions: at least one.
        snapshot: the latest published one, whose customers are known; None if there is none.
        allow_unknown: take decisions about other customers too.

    Raises:
        ConfigurationError: with every problem of every decision.
    """
    problems = Problems(problem for decision in decisions for problem in decision.problems(model))
    problems += _contradictions(decisions)
    with problems.gathered():
        problems += () if allow_unknown else _unknown_customers(tables, decisions, snapshot)
    problems.refuse()
    prepare(tables, model)
    types = {name: FIELDS[name].dataType.simpleString() for name in COLUMNS}
    rows = [tuple(decision.values[name] for name in COLUMNS) for decision in decisions]
    # The clock, for once: when a decision was recorded is a fact about it, and the later one counts.
    recorded = tables.read(TABLE).agg(later_than_all("recorded_at").alias("recorded_at"))
    tables.append(TABLE, literal_rows(tables.spark, types, rows).crossJoin(recorded))


def _contradictions(decisions: Sequence[Decision]) -> Iterator[str]:
    """Decisions of which none is the later one: they are valid from one date and recorded at once."""
    decided: Counter[tuple[str | None, ...]] = Counter()
    for decision in decisions:
        same = tuple(decision.values[column] for column in ("customer_key", "axis", "valid_from"))
        decided[same] += 1
        if None not in same and decided[same] > 1:
            yield decision.must_be(
                "customer_key", f"decided on once for {same[1]!r:.80} from {same[2]!r:.80} on"
            )


def _unknown_customers(
    tables: OutputTables, decisions: Sequence[Decision], snapshot: Snapshot | None
) -> Iterator[str]:
    keys = {str(decision.values["customer_key"]) for decision in decisions if decision.values["customer_key"]}
    if not keys:
        return
    if snapshot is None:
        yield f"{tables.location}: must hold a published snapshot, to know its customers; there is none"
        return
    given = literal_rows(tables.spark, {"customer_key": "string"}, [(key,) for key in sorted(keys)])
    known = _published(tables, "customer_segments", snapshot)
    unknown = {row[0] for row in given.join(known, "customer_key", "left_anti").collect()}
    for decision in decisions:
        if decision.values["customer_key"] in unknown:
            yield decision.must_be("customer_key", f"a customer that the snapshot of {snapshot.as_of} knows")


def _published(tables: OutputTables, table: str, snapshot: Snapshot) -> DataFrame:
    if table not in snapshot.written:
        raise ConfigurationError(
            f"{tables.location}: must hold a snapshot of {snapshot.as_of} with {table}, got one without, "
            "published before the model had segments; publish it again"
        )
    return tables.read_written(table, snapshot.as_of, snapshot.written[table])


def decided(tables: OutputTables) -> DataFrame:
    """All decisions; none before the first is recorded."""
    there = tables.properties(TABLE) is not None
    return tables.read(TABLE) if there else tables.spark.createDataFrame([], FIELDS)


def pending(
    steps: Steps, tables: OutputTables, model: ScoringModel, snapshot: Snapshot, axis: str | None = None
) -> DataFrame:
    """What waits for a decision in a published snapshot, of one axis or all.

    Returns:
        Rows of migration_actions, with `latest`: the latest decision about the customer and axis that counts
        and has not expired, which a snapshot published since may follow; NULL without one.
    """
    waiting = _published(tables, "migration_actions", snapshot).where("status = 'pending'")
    if axis is not None:
        waiting = waiting.where(F.col("axis") == F.lit(axis))
    unexpired = F.col("expires").isNull() | (F.col("expires") > F.lit(snapshot.as_of))
    latest = F.max_by(
        F.struct("decision", "value", "decided_by", "valid_from"), F.struct("valid_from", "recorded_at")
    )
    counting = judged(steps, decided(tables), model).where("counts")
    by_customer = counting.where(unexpired).groupBy("customer_key", "axis").agg(latest.alias("latest"))
    return waiting.join(by_customer, ["customer_key", "axis"], "left").orderBy(
        "axis", "pending_since", "customer_key"
    )


def history(tables: OutputTables, customer_key: str) -> DataFrame:
    """The decisions about one customer, as they take effect."""
    of_customer = decided(tables).where(F.col("customer_key") == F.lit(customer_key))
    return of_customer.orderBy("axis", "valid_from", "recorded_at")

"""Decisions of people about customers' segments: what waits for one, and the table tier_decisions."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.decision_input import COLUMNS, Decision
from jobs.core.config.model import ScoringModel
from jobs.core.config.published_tables import table_definition
from jobs.core.config.table_registry import types_of
from jobs.core.delta.stamps import later_than_all
from jobs.core.delta.tables import OutputTables
from jobs.core.pipeline.engine import Engine
from jobs.core.publish.snapshot import Snapshot
from jobs.core.runtime.errors import ConfigurationError, Problems
from jobs.core.runtime.literals import literal_rows

TABLE = "tier_decisions"
FIELDS = ", ".join(f"{name} {kind}" for name, kind in types_of(TABLE).items())


def prepare(tables: OutputTables, model: ScoringModel) -> None:
    """Creates the table of decisions unless it is there."""
    tables.create(TABLE, _none(tables).schema.fields, table_definition(TABLE, model))


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
    types = types_of(TABLE)
    rows = [tuple(decision.values[name] for name in COLUMNS) for decision in decisions]
    # The clock, for once: when a decision was recorded is a fact about it, and the later one counts.
    recorded = tables.read(TABLE).agg(later_than_all("recorded_at").alias("recorded_at"))
    tables.append(
        TABLE, literal_rows(tables.spark, {name: types[name] for name in COLUMNS}, rows).crossJoin(recorded)
    )


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
    return tables.read(TABLE) if tables.is_there(TABLE) else _none(tables)


def _none(tables: OutputTables) -> DataFrame:
    return tables.spark.createDataFrame([], FIELDS)


def pending(engine: Engine, tables: OutputTables, snapshot: Snapshot, axis: str | None = None) -> DataFrame:
    """What waits for a decision in a published snapshot, of one axis or all.

    Args:
        engine: given the model and its tier_decisions.
        tables: of the model.
        snapshot: the published one.
        axis: of this alone.

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
    counting = engine.table("judged_decisions").where("counts")
    by_customer = counting.where(unexpired).groupBy("customer_key", "axis").agg(latest.alias("latest"))
    return waiting.join(by_customer, ["customer_key", "axis"], "left").orderBy(
        "axis", "pending_since", "customer_key"
    )


def history(tables: OutputTables, customer_key: str) -> DataFrame:
    """The decisions about one customer, as they take effect."""
    of_customer = decided(tables).where(F.col("customer_key") == F.lit(customer_key))
    return of_customer.orderBy("axis", "valid_from", "recorded_at")

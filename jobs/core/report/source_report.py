"""What the columns of a source look like, which of its rows are set aside, and whether its keys join."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql import types as T  # noqa: N812

from jobs.core.config.rules import QualityRules
from jobs.core.config.settings import Settings
from jobs.core.report.answers import Answers
from jobs.core.runtime.functions import with_functions
from jobs.core.runtime.visible import visible
from jobs.core.sources.columns import origins

_SHOWN = (T.StringType, T.BooleanType, T.DateType, T.TimestampType, T.TimestampNTZType, T.NumericType)
_LONGEST = 40  # characters of a value
_LONGEST_ROW = 300
_LATEST = "latest_event"


class SourceReport:
    """Shows what is found out about the sources; to programs with what each row is about."""

    def __init__(self, answers: Answers, settings: Settings, rules: QualityRules) -> None:
        self._answers = answers
        self._settings = settings
        self._rules = rules

    def columns(self, name: str, incoming: DataFrame) -> date | None:
        """Prints each column of a source as it came: read as what, its type, and what it holds.

        Args:
            name: of the source.
            incoming: its rows as sources.open_sources gives them; read once.

        Returns:
            The latest possible event date, of a source with events.
        """
        read_as = _read_as(name, self._settings)
        row: Any = incoming.schema["source_row"].dataType
        columns = [
            _Aggregates(position, field, read_as.get(field.name.lower(), []), incoming)
            for position, field in enumerate(row.fields)
        ]
        aggregates = [
            F.count("*").alias("rows"),
            *(each for column in columns for each in column.aggregates()),
        ]
        if "event_date" in self._settings.sources.columns_of(name):
            aggregates.append(_latest_event(self._rules).alias(_LATEST))
        found = incoming.agg(*aggregates).collect()[0].asDict()
        title, rows = f"{name}: {found['rows']:,} rows", [column.described(found) for column in columns]
        self._answers.rows(title, rows, {"distinct": _about}, about="column", source=name)
        text = found.get(_LATEST)
        return None if text is None else date.fromisoformat(text)

    def set_aside(self, table: str, quarantined: DataFrame) -> None:
        """Prints which rows of a source a run would set aside: for each reason how many, and an example.

        Args:
            table: of quarantine.
            quarantined: what would be appended to it.
        """
        rules = self._rules.rows[table.removeprefix("quarantine_")]
        example = F.struct("example_key", F.left("source_row", F.lit(_LONGEST_ROW + 1)).alias("row"))
        reasons = (
            quarantined.select(F.explode("reasons").alias("reason"), example.alias("example"))
            .groupBy("reason")
            .agg(F.count("*").alias("rows"), F.min("example").alias("example"))
            .orderBy("reason")
            .collect()
        )
        rows = [
            {
                "reason": found["reason"],
                "rows": found["rows"],
                "means": rules[found["reason"]].means,
                "example": _short(found["example"]["row"], _LONGEST_ROW),
            }
            for found in reasons
        ]
        self._answers.rows(f"{table}: rows that would be set aside", rows, about="set_aside", table=table)

    def join(self, facts: DataFrame, other: DataFrame, key: str, name: str) -> None:
        """Prints how many values of a key the facts and another source have in common, and what is left.

        Args:
            facts: with the key.
            other: with the key too; repeated values count once.
            key: the column.
            name: of the other source.
        """
        found = _joined(facts, other, key).asDict()
        if self._answers.as_json:
            self._answers.rows("", [found], about="join", source=name, key=key)

        def example(column: str) -> str:
            return "" if found[column] is None else f", e.g. {visible(_short(found[column]) or '')}"

        lines = [
            f"\n{key}: {found['unknown']:,} of {found['used']:,} in fct_revenues "
            f"({found['unknown_rows'] or 0:,} rows{example('unknown_example')}) are not in {name}",
            f"{found['unused']:,} of {found['known']:,} in {name} have no facts{example('unused_example')}",
        ]
        if found["rows_without"]:
            lines.append(f"{found['rows_without']:,} rows of fct_revenues have none")
        self._answers.text("; ".join(lines))


def _read_as(name: str, settings: Settings) -> dict[str, list[str]]:
    """What each source column, in lower case, is read as."""
    read_as: dict[str, list[str]] = {}
    source, columns = settings.sources.configured()[name], settings.sources.columns_of(name)
    found, _ = origins(name, columns, source, settings.customer_key)
    for column, origin in found.items():
        read_as.setdefault(origin.lower(), []).append(column)
    return read_as


def _latest_event(rules: QualityRules) -> Column:
    """The latest event date that Python has too and no rule calls absurd, as text."""
    absurd = rules.rows["fct_revenues"].get("event_date_absurd")
    possible = F.col("event_date").between(F.lit("0001-01-01").cast("date"), F.lit("9999-12-31").cast("date"))
    if absurd is not None:
        possible = possible & ~F.coalesce(F.expr(with_functions(absurd.fails_if)), F.lit(False))
    return F.max(F.when(possible, F.col("event_date"))).cast("string")


class _Aggregates:
    """What is found out about one column of the rows as they came."""

    def __init__(self, position: int, field: T.StructField, read_as: list[str], incoming: DataFrame) -> None:
        self._prefix = f"c{position}"
        self._field = field
        self._read_as = read_as
        self._raw = F.col("source_row").getField(field.name)
        parsed = [column for column in read_as if f"{column}_given" in incoming.columns]
        # As it is read, a number in a text file is ordered as a number.
        self._value = F.col(parsed[0]) if parsed else self._raw
        self._given = F.col(f"{parsed[0]}_given") if parsed else self._raw.isNotNull()
        self._is_shown = bool(parsed) or isinstance(field.dataType, _SHOWN)

    def aggregates(self) -> list[Column]:
        found = {"empty": F.count_if(~self._given)}
        if self._is_shown:
            text = self._value.cast("string")
            found |= {
                "unreadable": F.count_if(self._given & self._value.isNull()),
                "distinct": F.approx_count_distinct(self._value),
                "least": F.min(self._value).cast("string"),
                "most": F.max(self._value).cast("string"),
                # One at random, but always the same.
                "example": F.min_by(text, F.when(text.isNotNull(), F.xxhash64(text))),
            }
        return [
            (F.left(each, F.lit(_LONGEST + 1)) if name in {"least", "most", "example"} else each).alias(
                f"{self._prefix}_{name}"
            )
            for name, each in found.items()
        ]

    def described(self, found: Mapping[str, Any]) -> dict[str, Any]:
        def of(name: str) -> Any:  # noqa: ANN401  (a count or a text)
            return found.get(f"{self._prefix}_{name}")

        least, most, distinct = of("least"), of("most"), of("distinct")
        if distinct is not None:
            distinct = 0 if least is None else 1 if least == most else max(2, distinct)
        return {
            "column": self._field.name,
            "read_as": self._read_as,
            "type": self._field.dataType.simpleString(),
            "empty": of("empty"),
            "unreadable": of("unreadable"),
            "distinct": distinct,
            **{each: _short(of(each)) for each in ("least", "most", "example")},
        }


def _about(count: int | None) -> str:
    """A count that is exact only where it can't be otherwise."""
    return "" if count is None else str(count) if count < 2 else f"~{count:,}"  # noqa: PLR2004


def _short(text: str | None, longest: int = _LONGEST) -> str | None:
    if text is None:
        return None
    return text if len(text) <= longest else f"{text[:longest]}\N{HORIZONTAL ELLIPSIS}"


def _joined(facts: DataFrame, other: DataFrame, key: str) -> Row:
    """How the values of a key in the facts and in another source go together, in one row."""
    used = facts.groupBy(key).agg(F.count("*").alias("rows"))
    known = other.where(F.col(key).isNotNull()).select(key).distinct().withColumn("is_known", F.lit(True))
    joined = used.join(known, key, "full_outer")
    has_key, has_facts, is_known = (
        F.col(key).isNotNull(),
        F.col("rows").isNotNull(),
        F.col("is_known").isNotNull(),
    )
    unknown, unused = has_key & ~is_known, is_known & ~has_facts
    return joined.agg(
        F.count_if(has_key & has_facts).alias("used"),
        F.count_if(unknown).alias("unknown"),
        F.sum(F.when(unknown, F.col("rows"))).alias("unknown_rows"),
        F.min(F.when(unknown, F.col(key))).alias("unknown_example"),
        F.count_if(is_known).alias("known"),
        F.count_if(unused).alias("unused"),
        F.min(F.when(unused, F.col(key))).alias("unused_example"),
        F.sum(F.when(~has_key, F.col("rows"))).alias("rows_without"),
    ).collect()[0]

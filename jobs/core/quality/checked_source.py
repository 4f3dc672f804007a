"""What the rules find in a source: counted for all dates in a pass over it, bad rows set apart."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.rules import Check, QualityRule
from jobs.core.quality.ruled_rows import RuledRows
from jobs.core.sources import money

# Python knows the years 1 to 9999 alone.
_LATEST = "max(least(greatest(event_date, DATE '0001-01-01'), DATE '9999-12-31'))"
_EXAMPLE_CHARACTERS = 80  # of a record without a key


@dataclass(frozen=True)
class CheckedSource:
    """A source with what was found in it for one date.

    Attributes:
        name: of the source.
        rows: with what the rules say of each.
        totals: rows, and those quarantined; of fct_revenues also money by what became of it, and the units
            in which the rows that are not quarantined are added up.
        checks: what each rule about its rows found.
    """

    name: str
    rows: RuledRows
    totals: Mapping[str, Any]
    checks: list[Check]

    def usable(self, columns: Iterable[str]) -> DataFrame:
        """The rows that are not quarantined; nothing is evaluated of them again where none are."""
        return (
            self.rows.usable(columns) if self.totals["quarantined"] else self.rows.incoming.select(*columns)
        )

    def quarantined(self) -> DataFrame:
        """The rows that are not used, as RuledRows.quarantined gives them."""
        return self.rows.quarantined()


@dataclass(frozen=True)
class _Alike:
    """The rows of a source that break the same rules and are seen by the same dates.

    Attributes:
        broken: the rules.
        dates_before: how many of the dates are too early to see them.
        rows: how many they are.
        sums: over them, of fct_revenues.
    """

    broken: frozenset[str]
    dates_before: int
    rows: int
    sums: Mapping[str, Any]


def checked_source(
    name: str,
    incoming: DataFrame,
    rules: Mapping[str, QualityRule],
    unique_key: tuple[str, ...],
    dates: Sequence[date],
) -> dict[date, CheckedSource]:
    """Reads a source once, and once more the rows that break a rule, if there are any.

    Args:
        name: of the source.
        incoming: its rows as sources.open_sources gives them.
        rules: about its rows.
        unique_key: source columns that tell rows apart; given if duplicate_key is among the rules.
        dates: of the snapshots, ascending.

    Returns:
        What was found, by date.
    """
    rows = RuledRows(name, incoming, rules, unique_key)
    kinds = _counted(name, rows, dates)
    failed = {rule: sum(kind.rows for kind in kinds if rule in kind.broken) for rule in rules}
    examples = _examples(rows, [rule for rule in rules if failed[rule]])
    checks = [
        Check(rule, name, found.severity, found.means, _rows(kinds), failed[rule], examples.get(rule))
        for rule, found in rules.items()
    ]
    return {
        as_of: CheckedSource(name, rows, _totals(name, rows, kinds, position), checks)
        for position, as_of in enumerate(dates)
    }


def _counted(name: str, rows: RuledRows, dates: Sequence[date]) -> list[_Alike]:
    """Rows and sums by the rules that rows break, as bits, and the dates: there are few combinations."""
    bits = [
        F.when(fails, F.lit(1 << position)).otherwise(F.lit(0)).cast("bigint")
        for position, fails in enumerate(rows.fails.values())
    ]
    is_facts = name == "fct_revenues"
    sums = {**money.sums(rows.incoming), "latest_event": _LATEST} if is_facts else {}
    before = F.filter(F.array(*map(F.lit, dates)), lambda day: day < F.col("event_date"))
    by = [
        reduce(Column.__add__, bits, F.lit(0).cast("bigint")).alias("bits"),
        (F.size(before) if sums else F.lit(0)).alias("dates_before"),
    ]
    found = rows.incoming.groupBy(*by).agg(
        _counted_rows(rows.incoming).alias("rows"),
        *(F.expr(sql).alias(column) for column, sql in sums.items()),
    )
    return [
        _Alike(
            frozenset(rule for position, rule in enumerate(rows.fails) if row["bits"] >> position & 1),
            row["dates_before"],
            row["rows"],
            {column: row[column] for column in sums},
        )
        for row in found.collect()
    ]


def _counted_rows(incoming: DataFrame) -> Column:
    """Counts rows; of a malformed record the lines, for it may have swallowed as many rows."""
    if "is_malformed" not in incoming.columns:
        return F.count("*")
    rows = F.when(F.col("is_malformed"), F.col("file_lines")).otherwise(F.lit(1))
    return F.coalesce(F.sum(rows), F.lit(0))


def _totals(name: str, rows: RuledRows, kinds: list[_Alike], position: int) -> dict[str, Any]:
    """What is counted for the date in this position."""
    aside = [kind for kind in kinds if kind.broken & rows.quarantining]
    kept = [kind for kind in kinds if not kind.broken & rows.quarantining]
    totals = {"rows": _rows(kinds), "quarantined": _rows(aside)}
    if name != "fct_revenues":
        return totals
    later = [kind for kind in kept if kind.dates_before > position]
    days = [kind.sums["latest_event"] for kind in kept if kind.dates_before <= position]
    counts = [kind.sums[end] or 0 for kind in kept for end in ("least_count", "most_count")]
    return {
        **totals,
        "later_rows": _rows(later),
        "revenue": _added("revenue", kinds),
        "quarantined_revenue": _added("revenue", aside),
        "later_revenue": _added("revenue", later),
        "amount": _added("amount", kinds),
        "quarantined_amount": _added("amount", aside),
        "latest_event": max((day for day in days if day is not None), default=None),
        "units": money.Units(
            money.places(rows.incoming, "total_revenue", "total_gross_margin"),
            {
                "total_revenue": _added("amount", kept),
                "total_gross_margin": _added("margin_amount", kept),
                "event_count": max(map(abs, counts), default=0) * _rows(kept),
            },
        ),
    }


def _rows(kinds: list[_Alike]) -> int:
    return sum(kind.rows for kind in kinds)


def _added(column: str, kinds: list[_Alike]) -> Decimal:
    return sum((kind.sums[column] for kind in kinds), Decimal(0))


def _examples(rows: RuledRows, rules: list[str]) -> dict[str, str]:
    """By rule the first key, in binary order, of a row that breaks it."""
    if not rules:
        return {}
    text = F.substring(F.get_json_object("unread", "$.row_text"), 1, _EXAMPLE_CHARACTERS)
    key = F.coalesce(F.col(rows.key), text, F.lit("(none)"))
    found = rows.incoming.where(rows.breaking(rules)).agg(
        *(F.min(F.when(rows.fails[rule], key)).alias(rule) for rule in rules)
    )
    return dict(found.collect()[0].asDict())

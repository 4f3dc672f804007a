"""What the rules find in the sources: counted in a pass over each, bad rows set apart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.rules import Check, Rule, Rules
from jobs.core.config.settings import Settings
from jobs.core.runtime.functions import with_functions
from jobs.core.sources import money

# Of a record that couldn't be split into columns nothing else can be said.
_ABOUT_RECORD = {"row_malformed", "text_undecodable"}
# Python knows the years 1 to 9999 alone.
_LATEST = "max(least(greatest(event_date, DATE '0001-01-01'), DATE '9999-12-31'))"
_EXAMPLES = {
    "fct_revenues": "customer_key",
    "dim_accounts": "account_id",
    "dim_customers": "customer_key",
}
_EXAMPLE_CHARACTERS = 80  # of a record without a key


@dataclass(frozen=True)
class _Alike:
    """The rows of a source that break the same rules, on the same side of as_of."""

    broken: frozenset[str]
    is_later: bool
    rows: int
    sums: Mapping[str, Any]


class CheckedSource:
    """A source with what the rules about rows say of each row.

    Attributes:
        name: of the source.
        totals: rows, and those quarantined; of fct_revenues also money by what became of it, and the units
            in which the rows that are not quarantined are added up.
        checks: what each rule about its rows found.
    """

    def __init__(
        self,
        name: str,
        incoming: DataFrame,
        rules: Mapping[str, Rule],
        unique_key: tuple[str, ...],
        as_of: date,
    ) -> None:
        """Reads the source once, and once more the rows that break a rule, if there are any.

        Args:
            name: of the source.
            incoming: its rows as sources.open_sources gives them.
            rules: about its rows.
            unique_key: source columns that tell rows apart; given if duplicate_key is among the rules.
            as_of: the date of the snapshot.
        """
        self.name = name
        self._rules = rules
        self._fails = {rule: _failing(rule, found.fails_if) for rule, found in rules.items()}
        self._incoming = _with_duplicates(incoming, unique_key, rules)
        self._quarantining = {rule for rule, found in rules.items() if found.severity == "quarantine"}
        self._is_quarantined = _any([self._fails[rule] for rule in rules if rule in self._quarantining])
        kinds = self._counted(as_of)
        self.totals = self._totals(kinds)
        failed = {rule: sum(kind.rows for kind in kinds if rule in kind.broken) for rule in rules}
        examples = self._examples([rule for rule in rules if failed[rule]])
        self.checks = [
            Check(
                rule,
                name,
                found.severity,
                found.means,
                self.totals["rows"],
                failed[rule],
                examples.get(rule),
            )
            for rule, found in rules.items()
        ]

    def _counted(self, as_of: date) -> list[_Alike]:
        """Rows and sums by the rules that rows break, as bits, of which there are few combinations."""
        bits = [
            F.when(fails, F.lit(1 << position)).otherwise(F.lit(0)).cast("bigint")
            for position, fails in enumerate(self._fails.values())
        ]
        is_facts = self.name == "fct_revenues"
        sums = {**money.sums(self._incoming), "latest_event": _LATEST} if is_facts else {}
        is_later = F.coalesce(F.col("event_date") > F.lit(as_of), F.lit(False)) if sums else F.lit(False)
        by = [
            reduce(Column.__add__, bits, F.lit(0).cast("bigint")).alias("bits"),
            is_later.alias("is_later"),
        ]
        found = self._incoming.groupBy(*by).agg(
            _counted_rows(self._incoming).alias("rows"),
            *(F.expr(sql).alias(column) for column, sql in sums.items()),
        )
        return [
            _Alike(
                frozenset(rule for position, rule in enumerate(self._fails) if row["bits"] >> position & 1),
                row["is_later"],
                row["rows"],
                {column: row[column] for column in sums},
            )
            for row in found.collect()
        ]

    def _totals(self, kinds: list[_Alike]) -> dict[str, Any]:
        aside = [kind for kind in kinds if kind.broken & self._quarantining]
        kept = [kind for kind in kinds if not kind.broken & self._quarantining]
        totals = {"rows": sum(kind.rows for kind in kinds), "quarantined": sum(kind.rows for kind in aside)}
        if self.name != "fct_revenues":
            return totals
        later = [kind for kind in kept if kind.is_later]
        dates = [kind.sums["latest_event"] for kind in kept if not kind.is_later]
        counts = [kind.sums[end] or 0 for kind in kept for end in ("least_count", "most_count")]

        def added(column: str, some: list[_Alike]) -> Decimal:
            return sum((kind.sums[column] for kind in some), Decimal(0))

        return {
            **totals,
            "later_rows": sum(kind.rows for kind in later),
            "revenue": added("revenue", kinds),
            "quarantined_revenue": added("revenue", aside),
            "later_revenue": added("revenue", later),
            "amount": added("amount", kinds),
            "quarantined_amount": added("amount", aside),
            "latest_event": max((day for day in dates if day is not None), default=None),
            "units": money.Units(
                money.places(self._incoming, "total_revenue", "total_gross_margin"),
                {
                    "total_revenue": added("amount", kept),
                    "total_gross_margin": added("margin_amount", kept),
                    "event_count": max(map(abs, counts), default=0) * sum(kind.rows for kind in kept),
                },
            ),
        }

    def _examples(self, rules: list[str]) -> dict[str, str]:
        """By rule the first key, in binary order, of a row that breaks it."""
        if not rules:
            return {}
        text = F.substring(F.get_json_object("unread", "$.row_text"), 1, _EXAMPLE_CHARACTERS)
        key = F.coalesce(F.col(_EXAMPLES[self.name]), text, F.lit("(none)"))
        found = self._incoming.where(_any([self._fails[rule] for rule in rules])).agg(
            *(F.min(F.when(self._fails[rule], key)).alias(rule) for rule in rules)
        )
        return dict(found.collect()[0].asDict())

    def currencies(self) -> list[str]:
        """The first and the last currency in binary order, without case and space; one if all are alike."""
        alike = F.nullif(F.upper(F.expr(with_functions("as_seen(currency)"))), F.lit(""))
        found = self._incoming.agg(F.min(alike), F.max(alike)).collect()[0]
        return list(dict.fromkeys(currency for currency in found if currency is not None))

    def usable(self, columns: Iterable[str]) -> DataFrame:
        """The rows that are not quarantined."""
        kept = (
            self._incoming if not self.totals["quarantined"] else self._incoming.where(~self._is_quarantined)
        )
        return kept.select(*columns)

    def quarantined(self) -> DataFrame:
        """One row per row that is not used: `reasons`, and the row as it came as JSON.

        Also `example_key`, and `file_lines`, how many lines of its file the row took.
        """
        reasons = F.array_compact(
            F.array(
                *(
                    F.when(self._fails[rule], rule)
                    for rule, found in self._rules.items()
                    if found.severity in {"quarantine", "fail"}
                )
            )
        )
        return self._incoming.where(self._is_quarantined).select(
            reasons.alias("reasons"),
            F.col(_EXAMPLES[self.name]).alias("example_key"),
            "file_lines",
            F.coalesce("unread", F.to_json("source_row", {"ignoreNullFields": "false"})).alias("source_row"),
        )


def _failing(rule: str, fails_if: str) -> Column:
    fails = F.expr(with_functions(fails_if))
    return fails if rule in _ABOUT_RECORD else F.when(~F.col("is_malformed"), fails)


def _counted_rows(incoming: DataFrame) -> Column:
    """Counts rows; of a malformed record the lines, for it may have swallowed as many rows."""
    if "is_malformed" not in incoming.columns:
        return F.count("*")
    rows = F.when(F.col("is_malformed"), F.col("file_lines")).otherwise(F.lit(1))
    return F.coalesce(F.sum(rows), F.lit(0))


def _any(conditions: list[Column]) -> Column:
    """Whether one of the conditions holds; NULL counts as not."""
    return reduce(Column.__or__, [F.coalesce(each, F.lit(False)) for each in conditions], F.lit(False))


def _with_duplicates(
    incoming: DataFrame, unique_key: tuple[str, ...], rules: Mapping[str, Rule]
) -> DataFrame:
    """Adds is_duplicate_key and is_duplicate_row, each if its rule is on.

    Of equal keys the first row in binary order of its JSON is kept. A key with a NULL equals no other.
    """
    text = F.to_json("source_row", {"ignoreNullFields": "false"})
    if "duplicate_row" in rules:
        alike = Window.partitionBy(text).orderBy(text)
        incoming = incoming.withColumn("is_duplicate_row", F.row_number().over(alike) > 1)
    if "duplicate_key" in rules:
        key = [F.col("source_row").getField(column) for column in unique_key]
        is_later = F.row_number().over(Window.partitionBy(*key).orderBy(text)) > 1
        complete = reduce(Column.__and__, [part.isNotNull() for part in key])
        incoming = incoming.withColumn("is_duplicate_key", is_later & complete)
    return incoming


def source_checks(
    rules: Rules, settings: Settings, source: CheckedSource, as_of: date, rows_before: int | None
) -> list[Check]:
    """What the rules say of one source, about its rows and as a whole.

    Args:
        rules: in force.
        settings: with the limits, and which columns are mapped.
        source: counted.
        as_of: the date of the snapshot.
        rows_before: rows of the source at the last published run, if there was one.
    """
    totals, limits = source.totals, settings.quality.limits
    has_currency = "currency" in settings.sources.configured()[source.name].columns
    rows, quarantined = totals["rows"], totals["quarantined"]
    checks = list(source.checks)
    share = Decimal(quarantined) / rows if rows else Decimal(0)
    if totals.get("amount"):
        share = max(share, totals["quarantined_amount"] / totals["amount"])
    too_much = share > limits.quarantined_share
    checks += rules.about_total(
        "too_much_quarantined",
        source.name,
        checked=rows,
        failed=quarantined if too_much else 0,
        figures=f"{share:.2%} of the rows or the revenue, at most {limits.quarantined_share:.2%} allowed",
    )
    if rows_before is not None:
        checks += rules.about_total(
            "source_rows_fell",
            source.name,
            checked=rows_before,
            failed=rows_before - rows if rows < limits.rows_kept * rows_before else 0,
            figures=f"{rows:,} rows after {rows_before:,}",
        )
    if "latest_event" in totals:
        latest = totals["latest_event"]
        too_old = latest is not None and (as_of - latest).days > limits.latest_event_days
        checks += rules.about_total(
            "facts_too_old",
            source.name,
            checked=rows,
            failed=rows if too_old else 0,
            figures=f"the latest is of {latest}, {limits.latest_event_days} days before {as_of} are allowed",
        )
    if has_currency:
        currencies = source.currencies()
        checks += rules.about_total(
            "several_currencies",
            source.name,
            checked=rows,
            failed=rows if len(currencies) > 1 else 0,
            figures=" and ".join(currencies),
        )
    return checks

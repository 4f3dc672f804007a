"""What is checked of the data: the rules of conf/rules.yaml, what they found, and what follows from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.documents import Document, read_yaml, validate
from jobs.core.errors import BadDataError, ConfigurationError
from jobs.core.resources import resource
from jobs.core.settings import Quality, Severity

_VERDICTS: dict[Severity, str] = {"warn": "warned", "quarantine": "quarantined", "fail": "failed"}
_IS_QUARANTINED = "is_quarantined"
# What is added up of a source beside its rules, in the same pass; `:as_of` is the date of the snapshot.
_REVENUE_TOTALS = {
    "revenue": "sum(total_revenue)",
    "quarantined_revenue": f"sum(if({_IS_QUARANTINED}, total_revenue, NULL))",
    "amount": "sum(abs(total_revenue))",
    "quarantined_amount": f"sum(if({_IS_QUARANTINED}, abs(total_revenue), NULL))",
    "later_rows": f"count_if(NOT {_IS_QUARANTINED} AND event_date > :as_of)",
    "later_revenue": f"sum(if(NOT {_IS_QUARANTINED} AND event_date > :as_of, total_revenue, NULL))",
    "latest_event": f"max(if(NOT {_IS_QUARANTINED} AND event_date <= :as_of, event_date, NULL))",
    "first_currency": "min(currency)",
    "last_currency": "max(currency)",
}
_TOTALS: dict[str, dict[str, str]] = {"fct_revenues": _REVENUE_TOTALS, "dim_accounts": {}}
_EXAMPLES = {"fct_revenues": "customer_key", "dim_accounts": "account_id"}


class Rule(Document):
    """One rule.

    Attributes:
        severity: what follows when it fires.
        means: what is wrong then, in words.
        fails_if: for a rule about rows, SQL over the source's columns.
    """

    severity: Severity
    means: str
    fails_if: str = ""


class _RulesFile(Document):
    rows: dict[str, dict[str, Rule]]
    totals: dict[str, Rule]
    conservation: dict[str, str]


@dataclass(frozen=True)
class Check:
    """What a rule found: one row of data_quality.

    Attributes:
        rule: its name.
        source: the source, or the table, that was checked.
        severity: of the rule.
        means: what is wrong, in words, where rows or customers failed.
        checked: rows or customers that were looked at.
        failed: of those, the ones that broke the rule.
        example: the key of one that did, the first in binary order.
        figures: what was compared, of a rule about a total.
    """

    rule: str
    source: str
    severity: Severity
    means: str
    checked: int
    failed: int
    example: str | None = None
    figures: str | None = None

    @property
    def verdict(self) -> str:
        """Passed, warned, quarantined or failed."""
        return _VERDICTS[self.severity] if self.failed else "passed"

    def __str__(self) -> str:
        example = "" if self.example is None else f", e.g. {self.example}"
        figures = "" if self.figures is None else f" ({self.figures})"
        where, counted = f"{self.rule} ({self.source})", f"{self.failed:,} of {self.checked:,}"
        return f"{where}: {self.means}: {counted}{example}{figures}"


@dataclass(frozen=True)
class Rules:
    """The rules with the severities of one configuration; those that are off are left out."""

    rows: Mapping[str, Mapping[str, Rule]]
    totals: Mapping[str, Rule]
    conservation: Mapping[str, Rule]

    @classmethod
    def of(cls, quality: Quality) -> "Rules":
        """The shipped rules with the configured severities.

        Raises:
            ConfigurationError: a rule that there isn't, or a severity that the rule can't have.
        """
        name = "conf/rules.yaml"
        shipped = validate(_RulesFile, read_yaml(resource("conf", "rules.yaml"), name), name)
        about_rows = {rule for rules in shipped.rows.values() for rule in rules}
        known = sorted(about_rows | set(shipped.totals))
        problems = []
        for rule, severity in quality.severity.items():
            if rule in shipped.conservation:
                problems.append(f"quality.severity.{rule}: must not be changed: it always fails")
            elif rule not in known:
                problems.append(f"quality.severity: must name rules among {', '.join(known)}, got {rule!r}")
            elif rule in shipped.totals and severity == "quarantine":
                problems.append(f"quality.severity.{rule}: must be warn, fail or off: it is not about rows")
        if problems:
            raise ConfigurationError(*problems)

        def chosen(rules: Mapping[str, Rule]) -> dict[str, Rule]:
            severities = {n: quality.severity.get(n, rule.severity) for n, rule in rules.items()}
            return {
                n: rule.model_copy(update={"severity": severities[n]})
                for n, rule in rules.items()
                if severities[n] != "off"
            }

        return cls(
            {source: chosen(rules) for source, rules in shipped.rows.items()},
            chosen(shipped.totals),
            {n: Rule(severity="fail", means=means) for n, means in shipped.conservation.items()},
        )

    def about_total(
        self, rule: str, source: str, *, checked: int, failed: int, **found: str | None
    ) -> list[Check]:
        """The check of a rule about a total, with an example or figures; none if the rule is off."""
        known = self.totals.get(rule)
        return [Check(rule, source, known.severity, known.means, checked, failed, **found)] if known else []

    def conserved(self, rule: str, table: str, **figures: Decimal | int) -> Check:
        """The check that the first of the figures is what the others add up to."""
        whole, *parts = figures.values()
        broken = whole != sum(parts)
        shown = ", ".join(f"{name} {figure:,}" for name, figure in figures.items())
        return Check(rule, table, "fail", self.conservation[rule].means, 1, int(broken), figures=shown)


class CheckedSource:
    """A source with what the rules about rows say of each row.

    Attributes:
        name: of the source.
        totals: what was added up: rows, quarantined, and of fct_revenues money by what became of it.
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
        """Reads the source once.

        Args:
            name: of the source.
            incoming: its rows as sources.open_sources gives them.
            rules: about its rows.
            unique_key: source columns that tell rows apart.
            as_of: the date of the snapshot.
        """
        self.name = name
        self._rules = rules
        self._fails = {rule: F.expr(found.fails_if) for rule, found in rules.items()}
        self._incoming = _with_duplicates(incoming, unique_key, rules)
        quarantining = [self._fails[rule] for rule, found in rules.items() if found.severity == "quarantine"]
        self._is_quarantined = F.coalesce(_any(quarantining), F.lit(False))
        self.totals = self._counted(as_of)
        self.checks = [
            Check(
                rule,
                name,
                found.severity,
                found.means,
                self.totals["rows"],
                self.totals[f"{rule}_failed"],
                self.totals[f"{rule}_example"],
            )
            for rule, found in rules.items()
        ]

    def _counted(self, as_of: date) -> dict[str, Any]:
        judged = self._incoming.withColumn(_IS_QUARANTINED, self._is_quarantined)
        example = F.coalesce(F.col(_EXAMPLES[self.name]), F.lit("(none)"))
        literal = f"DATE '{as_of.isoformat()}'"
        of_rules = [
            column
            for rule, fails in self._fails.items()
            for column in (
                F.count_if(fails).alias(f"{rule}_failed"),
                F.min(F.when(fails, example)).alias(f"{rule}_example"),
            )
        ]
        totals = judged.agg(
            F.count("*").alias("rows"),
            F.count_if(_IS_QUARANTINED).alias("quarantined"),
            *(F.expr(sql.replace(":as_of", literal)).alias(n) for n, sql in _TOTALS[self.name].items()),
            *of_rules,
        )
        return dict(totals.collect()[0].asDict())

    def usable(self, columns: Iterable[str]) -> DataFrame:
        """The rows that are not quarantined."""
        kept = (
            self._incoming if not self.totals["quarantined"] else self._incoming.where(~self._is_quarantined)
        )
        return kept.select(*columns)

    def quarantined(self) -> DataFrame:
        """One row per row that is not used: `reasons`, `example_key`, and the row as it came as JSON."""
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
            F.to_json("source_row", {"ignoreNullFields": "false"}).alias("source_row"),
        )


def _any(conditions: list[Column]) -> Column:
    """Whether one of the conditions holds; NULL counts as not."""
    held = F.lit(False)
    for condition in conditions:
        held = held | F.coalesce(condition, F.lit(False))
    return held


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
        if not unique_key:
            raise ConfigurationError(
                "sources.fct_revenues.unique_key: must be given for the rule duplicate_key, "
                "as the columns that tell rows apart"
            )
        key = [F.col("source_row").getField(column) for column in unique_key]
        is_later = F.row_number().over(Window.partitionBy(*key).orderBy(text)) > 1
        complete = [part.isNotNull() for part in key]
        incoming = incoming.withColumn(
            "is_duplicate_key", is_later & ~_any([~present for present in complete])
        )
    return incoming


def source_checks(
    rules: Rules, quality: Quality, source: CheckedSource, as_of: date, rows_before: int | None
) -> list[Check]:
    """What the rules say of one source, about its rows and as a whole.

    Args:
        rules: in force.
        quality: with the limits.
        source: counted.
        as_of: the date of the snapshot.
        rows_before: rows of the source at the last published run, if there was one.
    """
    totals, limits = source.totals, quality.limits
    rows, quarantined = totals["rows"], totals["quarantined"]
    checks = list(source.checks)
    share = Decimal(quarantined) / rows if rows else Decimal(0)
    if totals.get("amount"):
        share = max(share, (totals["quarantined_amount"] or Decimal(0)) / totals["amount"])
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
        currencies = [totals["first_currency"], totals["last_currency"]]
        checks += rules.about_total(
            "several_currencies",
            source.name,
            checked=rows,
            failed=rows if currencies[0] != currencies[1] else 0,
            figures=None if currencies[0] is None else " and ".join(dict.fromkeys(currencies)),
        )
    return checks


def refuse(checks: Iterable[Check], as_of: date, where_to_look: str) -> None:
    """Stops the publication if a check failed.

    Raises:
        BadDataError: one did.
    """
    failed = [check for check in checks if check.verdict == "failed"]
    if failed:
        raise BadDataError(
            f"{as_of}: nothing is published for this date, because of\n"
            + "\n".join(f"  {check}" for check in failed)
            + f"\nLook at {where_to_look}; mend the data, or change in the configuration, under quality, "
            "what the rules do"
        )

"""The rules of conf/rules.yaml and conf/sources.yaml, and what follows from what they find."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from jobs.core.config.documents import Document, read_yaml, validate
from jobs.core.config.quality import Severity
from jobs.core.config.settings import Settings, Source
from jobs.core.config.source_columns import SourceColumn, SourceTable, source_tables
from jobs.core.runtime.errors import BadSourceError, ConfigurationError
from jobs.core.runtime.nearest import did_you_mean
from jobs.core.runtime.resources import resource
from jobs.core.runtime.visible import visible

_VERDICTS: dict[Severity, str] = {"warn": "warned", "quarantine": "quarantined", "fail": "failed"}


class QualityRule(Document):
    """One rule.

    Attributes:
        severity: what follows when it fires.
        means: what is wrong then, in words.
        fails_if: for a rule about rows, SQL over the source's columns.
        unusable: a row that breaks it can't be used.
        always_told: it can't be off, for without it a value that is there would be taken for none.
    """

    severity: Severity
    means: str
    fails_if: str = ""
    unusable: bool = False
    always_told: bool = False


class _RulesFile(Document):
    every_row: dict[str, QualityRule]
    rows: dict[str, dict[str, QualityRule]]
    totals: dict[str, QualityRule]
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
        example = "" if self.example is None else f", e.g. {visible(self.example)}"
        figures = "" if self.figures is None else f" ({visible(self.figures)})"
        where, counted = f"{self.rule} ({self.source})", f"{self.failed:,} of {self.checked:,}"
        return f"{where}: {self.means}: {counted}{example}{figures}"


@dataclass(frozen=True)
class QualityRules:
    """The rules with the severities of one configuration; those that are off are left out."""

    rows: Mapping[str, Mapping[str, QualityRule]]
    totals: Mapping[str, QualityRule]
    conservation: Mapping[str, QualityRule]

    @classmethod
    def of(cls, settings: Settings) -> "QualityRules":
        """The shipped rules, with those about the columns that are read, with the configured severities.

        Raises:
            ConfigurationError: a rule that there isn't, or a severity that the rule can't have.
        """
        name = "conf/rules.yaml"
        shipped = validate(_RulesFile, read_yaml(resource("conf", "rules.yaml"), name), name)
        rows = {
            source: {
                **shipped.every_row,
                **_about_columns(table, settings.sources.columns_of(source)),
                **shipped.rows.get(source, {}),
            }
            for source, table in source_tables().items()
        }
        about_rows = {rule: found for rules in rows.values() for rule, found in rules.items()}
        severities = settings.quality.severity
        problems = list(_severity_problems(severities, about_rows, shipped))
        if problems:
            raise ConfigurationError(*problems)

        def chosen(rules: Mapping[str, QualityRule]) -> dict[str, QualityRule]:
            changed = {
                n: rule.model_copy(update={"severity": severities.get(n, rule.severity)})
                for n, rule in rules.items()
            }
            return {n: rule for n, rule in changed.items() if rule.severity != "off"}

        return cls(
            {source: chosen(rules) for source, rules in rows.items()},
            chosen(shipped.totals),
            {n: QualityRule(severity="fail", means=means) for n, means in shipped.conservation.items()},
        )

    def check_keys(self, sources: Mapping[str, Source]) -> None:
        """Checks that the sources in which duplicate keys are looked for have a key.

        Raises:
            ConfigurationError: some don't.
        """
        missing = [
            f"sources.{name}.unique_key: must be given for the rule duplicate_key, as the columns that tell "
            "rows apart"
            for name, source in sources.items()
            if "duplicate_key" in self.rows[name] and not source.unique_key
        ]
        if missing:
            raise ConfigurationError(*missing)

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


def _about_columns(table: SourceTable, columns: Mapping[str, SourceColumn]) -> dict[str, QualityRule]:
    """The rules about the values of a source's columns, as SQL over all columns that each is about."""
    broken: dict[str, list[str]] = {rule: [] for rule in table.rules}
    required: set[str | None] = set()
    unreadable = {column.unreadable for column in columns.values()}
    for name, column in columns.items():
        for rule, sql in column.faults(name):
            broken[rule].append(sql)
        if column.required:
            required |= {column.missing, column.unreadable}
    return {
        rule: QualityRule(
            severity=found.severity,
            means=found.means,
            fails_if=" OR ".join(broken[rule]),
            unusable=rule in required,
            always_told=rule in unreadable,
        )
        for rule, found in table.rules.items()
    }


def _severity_problems(
    severities: Mapping[str, Severity], about_rows: Mapping[str, QualityRule], shipped: _RulesFile
) -> Iterator[str]:
    """What is wrong with the severities that a configuration gives."""
    known = sorted({*about_rows, *shipped.totals})
    for rule, severity in severities.items():
        if rule in shipped.conservation:
            yield f"quality.severity.{rule}: must not be changed: it always fails"
        elif rule not in known:
            yield (
                f"quality.severity: must name rules among {', '.join(known)}, got {rule!r:.80}"
                f"{did_you_mean(rule, known)}"
            )
        elif rule in about_rows and about_rows[rule].unusable and severity in {"warn", "off"}:
            yield (
                f"quality.severity.{rule}: must be quarantine or fail: such rows can't be used, "
                f"got {severity}"
            )
        elif rule in about_rows and about_rows[rule].always_told and severity == "off":
            yield (
                f"quality.severity.{rule}: must be warn, quarantine or fail: values that can't be read would "
                "count as missing, and nobody be told, got off"
            )
        elif rule in shipped.totals and severity == "quarantine":
            yield f"quality.severity.{rule}: must be warn, fail or off: it is not about rows"


def refuse(checks: Iterable[Check], as_of: date, where_to_look: str) -> None:
    """Stops the publication if a check failed.

    Raises:
        BadSourceError: one did.
    """
    failed = [check for check in checks if check.verdict == "failed"]
    if failed:
        raise BadSourceError(
            f"{as_of}: nothing is published for this date, because of\n"
            + "\n".join(f"  {check}" for check in failed)
            + f"\nLook at {where_to_look}; mend the data, or change in the configuration, under quality, "
            "what the rules do"
        )

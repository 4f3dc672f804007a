"""The rules of conf/rules.yaml, and what follows from what they find."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from jobs.core.config.documents import Document, read_yaml, validate
from jobs.core.config.settings import Quality, Severity, Source
from jobs.core.runtime.errors import BadDataError, ConfigurationError
from jobs.core.runtime.nearest import did_you_mean
from jobs.core.runtime.resources import resource
from jobs.core.runtime.visible import visible

_VERDICTS: dict[Severity, str] = {"warn": "warned", "quarantine": "quarantined", "fail": "failed"}


class Rule(Document):
    """One rule.

    Attributes:
        severity: what follows when it fires.
        means: what is wrong then, in words.
        fails_if: for a rule about rows, SQL over the source's columns.
        unusable: a row that breaks it can't be used.
    """

    severity: Severity
    means: str
    fails_if: str = ""
    unusable: bool = False


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
        example = "" if self.example is None else f", e.g. {visible(self.example)}"
        figures = "" if self.figures is None else f" ({visible(self.figures)})"
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
        about_rows = {rule: found for rules in shipped.rows.values() for rule, found in rules.items()}
        known = sorted({*about_rows, *shipped.totals})
        problems = []
        for rule, severity in quality.severity.items():
            if rule in shipped.conservation:
                problems.append(f"quality.severity.{rule}: must not be changed: it always fails")
            elif rule not in known:
                problems.append(
                    f"quality.severity: must name rules among {', '.join(known)}, got {rule!r:.80}"
                    f"{did_you_mean(rule, known)}"
                )
            elif rule in about_rows and about_rows[rule].unusable and severity in {"warn", "off"}:
                problems.append(
                    f"quality.severity.{rule}: must be quarantine or fail: such rows can't be used, "
                    f"got {severity}"
                )
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

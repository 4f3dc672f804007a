"""What the rules say of a source: about its rows, as counted, and as a whole."""

from datetime import date
from decimal import Decimal

from jobs.core.config.rules import Check, QualityRules
from jobs.core.config.settings import Settings
from jobs.core.quality.checked_source import CheckedSource


def source_checks(
    rules: QualityRules, settings: Settings, source: CheckedSource, as_of: date, rows_before: int | None
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
        currencies = source.rows.currencies
        checks += rules.about_total(
            "several_currencies",
            source.name,
            checked=rows,
            failed=rows if len(currencies) > 1 else 0,
            figures=" and ".join(currencies),
        )
    return checks

"""What is checked of the customers' sums: that each fits its column, and by how much they were rounded."""

from collections.abc import Mapping
from decimal import Decimal
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.rules import Check, QualityRules
from jobs.core.delta.written import Total, WrittenTable
from jobs.core.sources.money import FEWEST_PLACES, Units

_MONEY = ("total_revenue", "total_gross_margin", "lifetime_revenue")
# The most that each column of customer_features, or what is published of it, can hold.
_MOST = {
    **dict.fromkeys(_MONEY, Decimal("9999999999999999.99")),
    **dict.fromkeys(("total_events", "recent_events", "earlier_events"), Decimal(2**63 - 1)),
    "events_per_active_month": Decimal("999999999999.999999"),
}
_MOST_DIGITS = 28  # of a source's amounts together; sql/activity/customer_activity.sql counts on it


def in_all(rules: QualityRules, totals: Mapping[str, Any]) -> list[Check]:
    """Checks that the amounts of fct_revenues, whose `totals` are given, can be added up."""
    units, rows = totals["units"], totals["rows"]
    most = Decimal(10) ** (_MOST_DIGITS - units.decimals)
    figures_of = {
        column: f"{size:,} without signs where less than {most:,} can be added up"
        for column, size in units.sizes.items()
        if column in _MONEY and size >= most
    }
    return [
        Check("sums_fit", f"fct_revenues.{column}", "fail", _means(rules), rows, rows, figures=figures)
        for column, figures in figures_of.items()
    ]


def _means(rules: QualityRules) -> str:
    return rules.conservation["sums_fit"].means


def _is_unfit(column: str) -> Column:
    """Whether a customer's sum is more than its column can hold."""
    if column == "events_per_active_month":  # still the DOUBLE that is ranked
        return F.abs(column) >= float(10**12)
    return F.col(column).isNull()


def _unrounded(column: str) -> Column:
    return F.col(f"unrounded_{column}")


def totals(units: Units) -> dict[str, Total]:
    """What is added up for the checks while customer_features is written."""
    unfit = reduce(Column.__or__, [F.coalesce(_is_unfit(column), F.lit(False)) for column in _MOST])
    added = {"unfit": Total(unfit.cast("int"))}
    if units.decimals > FEWEST_PLACES:
        rounded = reduce(Column.__or__, [_unrounded(column) != F.col(column) for column in _MONEY])
        added["rounded"] = Total(rounded.cast("int"))
        added |= {f"{c}_rounded_off": Total(_unrounded(c) - F.col(c)) for c in _MONEY}
    return added


def checks(rules: QualityRules, features: DataFrame, written: WrittenTable) -> list[Check]:
    """Checks the customers' sums.

    Args:
        rules: in force.
        features: customer_features, as written; read again if a sum doesn't fit.
        written: with `totals` of them.
    """
    found = written.totals
    off = {column: found.get(f"{column}_rounded_off") or 0 for column in _MONEY}
    differences = [f"{column} {difference:,f}" for column, difference in off.items() if difference]
    return [
        *_fit(rules, features, written),
        *rules.about_total(
            "rounding_difference",
            "customer_features",
            checked=written.rows,
            failed=found["rounded"] if differences else 0,
            figures=f"exact total minus the customers' sums: {', '.join(differences)}"
            if differences
            else None,
        ),
    ]


def _fit(rules: QualityRules, features: DataFrame, written: WrittenTable) -> list[Check]:
    """A check that failed for each column with a sum that doesn't fit, with the first customer of these."""
    if not written.totals["unfit"]:
        return [Check("sums_fit", "customer_features", "fail", _means(rules), written.rows, 0)]
    first = {}
    for column in _MOST:
        customer = F.struct("customer_key", (_unrounded(column) if column in _MONEY else F.col(column)))
        first[column] = F.min(F.when(_is_unfit(column), customer)).alias(f"{column}_first")
    counts = (F.count_if(_is_unfit(column)).alias(column) for column in _MOST)
    found = features.agg(*counts, *first.values()).collect()[0]
    return [
        Check(
            "sums_fit",
            f"customer_features.{column}",
            "fail",
            _means(rules),
            written.rows,
            found[column],
            found[f"{column}_first"][0],
            _told(column, found[f"{column}_first"][1], most),
        )
        for column, most in _MOST.items()
        if found[column]
    ]


def _told(column: str, value: Decimal | float | None, most: Decimal) -> str:
    sources = {"lifetime_revenue": "total_revenue"} if column in _MONEY else {column: "event_count"}
    # Of a count nothing is left but that it is too large.
    found = "more" if value is None else f"{value:,}"
    return f"{found} where at most {most:,} can be held, from {sources.get(column, column)} of fct_revenues"

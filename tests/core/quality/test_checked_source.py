"""What is counted and added up of a source while its rules are checked."""

from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.rules import QualityRule
from jobs.core.quality.checked_source import checked_source
from jobs.core.quality.ruled_rows import RuledRows
from jobs.core.sources.money import Units

AS_OF = date(2024, 12, 31)
LARGEST = Decimal("9999999999999999.99")
COLUMNS = (
    "customer_key STRING, event_date DATE, total_revenue DECIMAL({}), total_gross_margin DECIMAL(22,6), "
    "event_count BIGINT"
)


@pytest.mark.parametrize("kind", ["18,2", "19,3", "22,6"])
@pytest.mark.parametrize(
    "amounts",
    [
        [],
        [None],
        [Decimal("0.01"), Decimal("-0.02"), None],
        [LARGEST] * 2000,
        [-LARGEST] * 2000 + [Decimal("-0.01")],
        [Decimal("12345678901.23"), Decimal("-9876543210.98"), Decimal("10000000.00"), Decimal("9999999.99")],
    ],
    ids=["no rows", "NULL", "cents", "largest", "smallest", "around a part"],
)
def test_revenue_is_added_up_exactly(spark: SparkSession, amounts: list[Decimal | None], kind: str) -> None:
    rows = [("Ann", AS_OF, amount, None, None) for amount in amounts]
    facts = spark.createDataFrame(rows, COLUMNS.format(kind))

    totals = checked_source("fct_revenues", facts, {}, (), [AS_OF])[AS_OF].totals

    given = [amount for amount in amounts if amount is not None]
    assert totals["rows"] == len(amounts)
    assert totals["revenue"] == sum(given)
    assert totals["amount"] == sum(map(abs, given))


def test_rules_are_bound_to_rows_without_reading_any(spark: SparkSession) -> None:
    unreadable = spark.sql("SELECT CAST(raise_error('read') AS STRING) AS customer_key")
    bad = QualityRule(severity="quarantine", means="bad", fails_if="customer_key = 'bad'")
    rows = RuledRows("fct_revenues", unreadable, {"bad": bad}, ())
    assert set(rows.fails) == rows.quarantining == {"bad"}
    with pytest.raises(Exception, match="read"):
        rows.usable(["customer_key"]).collect()


def test_the_units_fit_the_rows_that_are_not_quarantined(spark: SparkSession) -> None:
    rows = [
        ("Ann", AS_OF, Decimal("-0.25"), Decimal("0.000001"), 3),
        ("Ann", AS_OF, Decimal("1.00"), Decimal("-2"), -(2**63)),
        ("Ann", AS_OF, None, None, None),
        ("Ann", date(2025, 1, 1), Decimal("-5"), Decimal("7"), 7),
        ("bad", AS_OF, LARGEST, LARGEST, 7),
    ]
    bad = QualityRule(severity="quarantine", means="bad", fails_if="customer_key = 'bad'")

    facts = spark.createDataFrame(rows, COLUMNS.format("18,2"))
    unread = F.lit(None).cast("string")
    incoming = facts.withColumns({"is_malformed": F.lit(False), "file_lines": F.lit(1), "unread": unread})

    totals = checked_source("fct_revenues", incoming, {"bad": bad}, (), [AS_OF])[AS_OF].totals

    assert totals["units"] == Units(
        6,
        {
            "total_revenue": Decimal("6.25"),
            "total_gross_margin": Decimal("9.000001"),
            "event_count": 4 * 2**63,  # a bound: rows by the largest
        },
    )


def test_dates_that_python_does_not_know_are_no_obstacle(spark: SparkSession) -> None:
    rows = spark.sql(
        "SELECT 'Ann' AS customer_key, CAST(1 AS DECIMAL(18, 2)) AS total_revenue, "
        "CAST(1 AS DECIMAL(18, 2)) AS total_gross_margin, 1L AS event_count, "
        "explode(array(DATE '+12024-01-01', DATE '-0001-01-01')) AS event_date"
    )

    totals = checked_source("fct_revenues", rows, {}, (), [AS_OF])[AS_OF].totals

    assert (totals["later_rows"], totals["latest_event"]) == (1, date(1, 1, 1))


def test_a_malformed_record_counts_as_the_lines_that_it_took_and_breaks_no_other_rule(
    spark: SparkSession,
) -> None:
    columns = COLUMNS.format("18,2")
    columns += ", is_malformed BOOLEAN, is_undecodable BOOLEAN, file_lines BIGINT, unread STRING"
    rows = [
        ("Ann", AS_OF, Decimal(1), Decimal(1), 1, False, False, 3, None),
        (None, None, None, None, None, True, False, 5, '{"row_text":"Ann,\\"Doe"}'),
    ]
    rules = {
        "customer_key_missing": QualityRule(
            severity="quarantine", means="no key", fails_if="customer_key IS NULL"
        ),
        "row_malformed": QualityRule(severity="quarantine", means="malformed", fails_if="is_malformed"),
    }

    source = checked_source("fct_revenues", spark.createDataFrame(rows, columns), rules, (), [AS_OF])[AS_OF]

    assert (source.totals["rows"], source.totals["quarantined"]) == (6, 5)
    assert [(check.failed, check.checked, check.example) for check in source.checks] == [
        (0, 6, None),
        (5, 6, 'Ann,"Doe'),
    ]


def test_currencies_are_compared_as_they_look_and_without_case(spark: SparkSession) -> None:
    def currencies(*given: str | None) -> list[str]:
        rows = [("Ann", AS_OF, Decimal(1), Decimal(1), 1, currency) for currency in given]
        frame = spark.createDataFrame(rows, f"{COLUMNS.format('18,2')}, currency STRING")
        return checked_source("fct_revenues", frame, {}, (), [AS_OF])[AS_OF].rows.currencies

    assert currencies("usd", "USD", " Usd\u00a0", None, " ") == ["USD"]
    assert currencies("usd", "eur") == ["EUR", "USD"]

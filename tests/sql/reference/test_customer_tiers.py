"""The reference query gives what the reference in Python gives; so do the published tables (end_to_end)."""

from datetime import date, timedelta
from decimal import Decimal

from pyspark.sql import SparkSession

from tests.conftest import ACCOUNTS, FACTS, Row, active, fact
from tests.generate import hostile_inputs
from tests.reference.snapshots import snapshot
from tests.reference_query import TEXT, WRITTEN_FOR, changed, reference_rows
from tests.sql.steps import table


def by_customer(
    spark: SparkSession, facts: list[Row], accounts: list[Row], as_of: date = WRITTEN_FOR, text: str = TEXT
) -> dict[str, Row]:
    names = [column.split()[0] for column in FACTS.split(", ")]
    frame = spark.createDataFrame([tuple(row.get(name) for name in names) for row in facts], FACTS)
    rows = reference_rows(frame.coalesce(1), table(spark, ACCOUNTS, accounts), as_of, text)
    found = {row["customer_key"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def expected(
    facts: list[Row], accounts: list[Row], as_of: date = WRITTEN_FOR, customer_key: str = "customer_name"
) -> dict[str, Row]:
    tiers = snapshot(facts, accounts, as_of, customer_key=customer_key).customer_tiers
    return {row["customer_key"]: row for row in tiers}


def test_hostile_inputs_amid_a_month_with_another_key(spark: SparkSession) -> None:
    as_of = date(2024, 5, 15)
    facts, accounts = hostile_inputs(seed=2, as_of=as_of)
    text = changed(TEXT, "customer_name AS customer_key", "customer_id AS customer_key")

    found = by_customer(spark, facts, accounts, as_of, text)

    assert found == expected(facts, accounts, as_of, customer_key="customer_id")


def test_a_single_customer_has_no_points_but_for_what_is_better_when_lower(spark: SparkSession) -> None:
    # Accounts are compared as in test_customer_accounts: by what shows.
    accounts = [
        {"account_id": "Ann-1", "status": "\u2800act\u200bive\u180b\u3164"},
        *({"account_id": blank, "status": "active"} for blank in ("", " ", "\u00a0\u200b")),
    ]
    earning = fact("Ann", revenue="8", total_gross_margin=Decimal("0.29"))
    blanks = [fact("Ann", revenue="0", account_id=blank) for blank in (None, "", " ", "\u00a0\u200b")]
    others = [fact("Bob", account_id=" "), fact("Cid", account_id="unknown"), fact("Eve", "2025-01-01")]

    found = by_customer(spark, [earning, *blanks, *others], accounts)

    assert list(found) == ["Ann"]
    ann = found["Ann"]
    assert (ann["peers"], ann["active_accounts"], ann["total_accounts"], ann["total_events"]) == (1, 1, 1, 5)
    assert (ann["profitability_score"], ann["adherence_score"]) == (Decimal(0), Decimal(15))
    assert ann["margin_rate_pct"] == Decimal("3.63"), "half up of 3.625, of which a DOUBLE falls short"


def test_points_are_exact_where_a_double_is_not(spark: SparkSession) -> None:
    facts = [
        fact(
            f"{number:03}",
            str(WRITTEN_FOR - timedelta(days=number % 128)),
            revenue=str(number),
            total_gross_margin=Decimal(number),
        )
        for number in range(641)
    ]
    accounts = active(*(row["customer_name"] for row in facts))

    found = by_customer(spark, facts, accounts)

    assert found == expected(facts, accounts)
    assert found["023"]["total_gross_margin_points"] == Decimal("1.976563")
    assert (found["448"]["profitability_score"], found["448"]["tier"]) == (70, "B")
    assert found["447"]["tier"] == "D"

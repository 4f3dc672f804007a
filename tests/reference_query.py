"""Runs sql/reference/customer_tiers.sql as in an editor: its date changed, over plain tables."""

from datetime import date

from pyspark.sql import DataFrame

from tests.conftest import CHECKOUT, Row, plain

TEXT = (CHECKOUT / "sql/reference/customer_tiers.sql").read_text()
WRITTEN_FOR = date(2024, 12, 31)


def reference_rows(facts: DataFrame, accounts: DataFrame, as_of: date, text: str = TEXT) -> list[Row]:
    """The rows of the query over two tables, as plain values."""
    facts.createOrReplaceTempView("fct_revenues")
    accounts.createOrReplaceTempView("dim_accounts")
    rows = facts.sparkSession.sql(changed(text, f"DATE '{WRITTEN_FOR}'", f"DATE '{as_of}'")).collect()
    return [{key: plain(value) for key, value in row.asDict(recursive=True).items()} for row in rows]


def changed(text: str, old: str, new: str) -> str:
    """The text with a change in the one place where it is to be changed."""
    assert text.count(old) == 1
    return text.replace(old, new)

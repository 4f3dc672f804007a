from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

FCT_REVENUES = (
    "customer_key STRING, event_date DATE, total_revenue DECIMAL(18,2), total_gross_margin DECIMAL(18,2), "
    "event_count BIGINT, customer_name STRING, account_id STRING"
)
COUNTS = {
    "rows_read": 0,
    "bad_rows": 0,
    "customer_key": 0,
    "event_date": 0,
    "total_revenue": 0,
    "total_gross_margin": 0,
    "event_count": 0,
}
BAD_ROWS = ", ".join(f"{name} BIGINT" for name in COUNTS)

Row = dict[str, Any]


def fact(**changes: Any) -> Row:
    ordinary = {
        "customer_key": "Ann",
        "event_date": "2024-12-01",
        "total_revenue": "100.00",
        "total_gross_margin": "40.00",
        "event_count": 1,
        "customer_name": "Ann",
        "account_id": "a1",
    }
    return {**ordinary, **changes}


def bad_revenue_rows(spark: SparkSession, *facts: Row) -> DataFrame:
    return run_step(spark, "quality", "bad_revenue_rows", {"fct_revenues": table(spark, FCT_REVENUES, facts)})


def counts(**changes: int) -> Row:
    return {**COUNTS, **changes}


def test_each_missing_value_is_counted_by_its_column(spark: SparkSession) -> None:
    missing = ["customer_key"] * 1 + ["event_date"] * 2 + ["total_revenue"] * 3
    missing += ["total_gross_margin"] * 4 + ["event_count"] * 5

    result = bad_revenue_rows(spark, fact(), *(fact(**{column: None}) for column in missing))

    assert_rows(
        result,
        BAD_ROWS,
        counts(
            rows_read=16,
            bad_rows=15,
            customer_key=1,
            event_date=2,
            total_revenue=3,
            total_gross_margin=4,
            event_count=5,
        ),
    )


def test_a_row_with_several_faults_is_one_bad_row(spark: SparkSession) -> None:
    result = bad_revenue_rows(
        spark, fact(), fact(event_date=None, total_revenue=None), fact(customer_key="", event_count=None)
    )

    assert_rows(
        result,
        BAD_ROWS,
        counts(rows_read=3, bad_rows=2, customer_key=1, event_date=1, total_revenue=1, event_count=1),
    )


def test_a_key_of_nothing_or_spaces_is_blank(spark: SparkSession) -> None:
    result = bad_revenue_rows(
        spark,
        fact(customer_key=""),
        fact(customer_key=" "),
        fact(customer_key="   "),
        fact(customer_key=" Ann "),
    )

    assert_rows(result, BAD_ROWS, counts(rows_read=4, bad_rows=3, customer_key=3))


def test_a_key_of_other_white_space_is_a_key(spark: SparkSession) -> None:
    result = bad_revenue_rows(
        spark, fact(customer_key="\t"), fact(customer_key="\n"), fact(customer_key="\u00a0")
    )

    assert_rows(result, BAD_ROWS, counts(rows_read=3))


def test_zeros_refunds_and_future_dates_are_not_bad(spark: SparkSession) -> None:
    result = bad_revenue_rows(
        spark,
        fact(total_revenue="0.00", total_gross_margin="0.00", event_count=0),
        fact(total_revenue="-100.00", total_gross_margin="-40.00", event_count=-1),
        fact(event_date="9999-12-31"),
    )

    assert_rows(result, BAD_ROWS, counts(rows_read=3))


def test_other_values_may_be_missing(spark: SparkSession) -> None:
    result = bad_revenue_rows(spark, fact(customer_name=None), fact(account_id=None))

    assert_rows(result, BAD_ROWS, counts(rows_read=2))


def test_no_rows_are_no_bad_rows(spark: SparkSession) -> None:
    assert_rows(bad_revenue_rows(spark), BAD_ROWS, counts())

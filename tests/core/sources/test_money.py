"""Amounts as they are read from any type of column, and the units in which they are added up."""

from decimal import Decimal

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql import types as T  # noqa: N812

from jobs.core.sources import money

LARGEST = "9999999999999999.999999"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (T.DecimalType(12, 0), "decimal(18,2)"),
        (T.DecimalType(12, 2), "decimal(18,2)"),
        (T.DecimalType(10, 3), "decimal(19,3)"),
        (T.DecimalType(38, 6), "decimal(22,6)"),
        (T.DecimalType(38, 18), "decimal(22,6)"),
        (T.ByteType(), "decimal(18,2)"),
        (T.LongType(), "decimal(18,2)"),
        (T.StringType(), "decimal(22,6)"),
        (T.DoubleType(), "decimal(22,6)"),
        (T.FloatType(), "decimal(22,6)"),
    ],
)
def test_an_amount_keeps_the_decimals_of_its_source_up_to_six(kind: T.DataType, expected: str) -> None:
    assert money.amount_type(kind) == expected


# SQL of a value, the amount that is read of it, and whether it had more than is kept.
READ = [
    ("'0.0075'", "0.0075", False),
    ("'1.0000000000000000000000000'", "1", False),
    ("'1.0000005'", "1.000001", True),
    ("'-0.0000005'", "-0.000001", True),
    ("'0.00000049999999999999999999'", "0", True),
    ("'1e-7'", "0", True),
    (f"'{LARGEST}'", LARGEST, False),
    ("'one'", None, None),
    ("CAST(NULL AS STRING)", None, None),
    ("CAST(2.5 AS DECIMAL(38,10))", "2.5", False),
    ("CAST(-0.0000005 AS DECIMAL(38,10))", "-0.000001", True),
    ("CAST(99999999.9999999 AS DECIMAL(38,30))", "100000000", True),
    ("CAST(0.0004 AS DECIMAL(9,4))", "0.0004", False),
    ("7", "7", False),
    ("1.005D", "1.005", False),
    ("0.1D + 0.2D", "0.3", False),
    ("123456789.1D + 0.000000001D", "123456789.1", False),
    ("1e14D + 0.25D", "100000000000000.25", False),
    ("0.0000005D", "0.000001", True),
    ("-0.1234567D", "-0.123457", True),
    ("5e-324D", "0", False),
    ("-0.0D", "0", False),
    ("double('NaN')", None, None),
    ("1e300D", None, None),
    ("1234.56F", "1234.56", False),
    ("0.1F", "0.1", False),
    ("0.0123456789F", "0.012346", True),
    ("float('Infinity')", None, None),
    ("CAST(NULL AS FLOAT)", None, None),
]


def test_amounts_are_rounded_half_up_to_six_decimals_and_told_if_that_takes_something_off(
    spark: SparkSession,
) -> None:
    values = spark.sql("SELECT " + ", ".join(f"{sql} AS v{n}" for n, (sql, *_) in enumerate(READ)))
    row = values.select(
        *(money.amount(F.col(f.name), f.dataType).alias(f"{f.name}_amount") for f in values.schema),
        *(money.is_rounded(F.col(f.name), f.dataType).alias(f"{f.name}_rounded") for f in values.schema),
    ).collect()[0]

    found = [(sql, row[f"v{n}_amount"], row[f"v{n}_rounded"]) for n, (sql, *_) in enumerate(READ)]
    assert found == [(sql, None if amount is None else Decimal(amount), told) for sql, amount, told in READ]


@pytest.mark.parametrize(
    ("size", "kind"), [("9223372036854.775807", "bigint"), ("9223372036854.775808", "decimal(38,0)")]
)
def test_sums_are_whole_numbers_of_units_as_narrow_as_holds_them(
    spark: SparkSession, size: str, kind: str
) -> None:
    facts = spark.sql(f"""
        SELECT 'Ann' AS customer_key, CAST({size} AS DECIMAL(22,6)) AS total_revenue,
            CAST(-0.5 AS DECIMAL(18,2)) AS total_gross_margin, {2**63 - 1} AS event_count
    """)
    sizes: dict[str, Decimal | int] = {
        "total_revenue": Decimal(size),
        "total_gross_margin": Decimal("0.5"),
        "event_count": 2**63 - 1,
    }

    units = money.Units(6, sizes)

    counted = units.counted(facts)
    assert dict(counted.dtypes) == {
        "customer_key": "string",
        "event_count": "bigint",
        "revenue_units": kind,
        "margin_units": "bigint",
    }
    assert counted.collect()[0].asDict() == {
        "customer_key": "Ann",
        "event_count": 2**63 - 1,
        "revenue_units": int(Decimal(size) * 10**6),
        "margin_units": -500_000,
    }
    assert units.unit == Decimal("0.000001")
    assert dict(money.Units(6, {**sizes, "event_count": 2**63}).counted(facts).dtypes)["event_count"] == (
        "decimal(38,0)"
    )

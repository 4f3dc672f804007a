from pyspark.sql import DataFrame, SparkSession

from jobs.core.runtime.functions import with_functions
from tests.sql.steps import assert_rows, table

DIVISIONS = "numerator DECIMAL(38,0), divisor DECIMAL(38,0)"
QUOTIENTS = "numerator DECIMAL(38,0), divisor DECIMAL(38,0), quotient DECIMAL(38,0)"


def quotients(spark: SparkSession, *divisions: tuple[int | None, int | None]) -> DataFrame:
    given = table(spark, DIVISIONS, divisions)
    return given.selectExpr("*", with_functions("divide_half_up(numerator, divisor) AS quotient"))


def test_a_half_rounds_away_from_zero(spark: SparkSession) -> None:
    result = quotients(spark, (5, 2), (-5, 2), (5, -2), (-5, -2), (1, 2), (-1, 2))

    assert_rows(result, QUOTIENTS, (5, 2, 3), (-5, 2, -3), (5, -2, -3), (-5, -2, 3), (1, 2, 1), (-1, 2, -1))


def test_other_quotients_round_to_the_nearest_whole_number(spark: SparkSession) -> None:
    result = quotients(spark, (6, 3), (-6, 3), (4, 3), (-4, 3), (5, 3), (-5, 3), (0, 7), (1, 3))

    assert_rows(
        result,
        QUOTIENTS,
        (6, 3, 2),
        (-6, 3, -2),
        (4, 3, 1),
        (-4, 3, -1),
        (5, 3, 2),
        (-5, 3, -2),
        (0, 7, 0),
        (1, 3, 0),
    )


def test_a_quotient_just_below_a_half_is_not_rounded_twice(spark: SparkSession) -> None:
    just_below_half = 10**20 // 2 - 1

    result = quotients(spark, (just_below_half, 10**20), (-just_below_half, 10**20), (24999999999, 10**10))

    assert_rows(
        result,
        QUOTIENTS,
        (just_below_half, 10**20, 0),
        (-just_below_half, 10**20, 0),
        (24999999999, 10**10, 2),
    )


def test_huge_numbers_are_divided_exactly(spark: SparkSession) -> None:
    result = quotients(
        spark,
        (10**31 + 5, 10),
        (-(10**31) - 5, 10),
        (10**31 + 4, 10),
        (15 * 10**36, 10**37),
        (15 * 10**36 - 1, 10**37),
    )

    assert_rows(
        result,
        QUOTIENTS,
        (10**31 + 5, 10, 10**30 + 1),
        (-(10**31) - 5, 10, -(10**30) - 1),
        (10**31 + 4, 10, 10**30),
        (15 * 10**36, 10**37, 2),
        (15 * 10**36 - 1, 10**37, 1),
    )


def test_a_division_by_zero_is_null(spark: SparkSession) -> None:
    result = quotients(spark, (5, 0), (-5, 0), (0, 0))

    assert_rows(result, QUOTIENTS, (5, 0, None), (-5, 0, None), (0, 0, None))


def test_a_division_of_or_by_null_is_null(spark: SparkSession) -> None:
    result = quotients(spark, (None, 2), (2, None), (None, 0))

    assert_rows(result, QUOTIENTS, (None, 2, None), (2, None, None), (None, 0, None))

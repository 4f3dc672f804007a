from fractions import Fraction
from itertools import product

from pyspark.sql import DataFrame, SparkSession

from jobs.core.runtime.functions import with_functions
from tests.sql.steps import assert_rows, table

DIVISIONS = "numerator BIGINT, divisor BIGINT"
QUOTIENTS = "numerator BIGINT, divisor BIGINT, quotient BIGINT"
LARGEST = 2**63 - 1


def quotients(spark: SparkSession, *divisions: tuple[int | None, int | None]) -> DataFrame:
    given = table(spark, DIVISIONS, divisions)
    return given.selectExpr("*", with_functions("divide_whole_half_up(numerator, divisor) AS quotient"))


def half_away_from_zero(numerator: int, divisor: int) -> int:
    exact = Fraction(numerator, divisor)
    size = int(abs(exact) + Fraction(1, 2))
    return size if exact > 0 else -size


def test_a_half_rounds_away_from_zero(spark: SparkSession) -> None:
    result = quotients(spark, (5, 2), (-5, 2), (5, -2), (-5, -2), (1, 2), (-1, 2))

    assert_rows(result, QUOTIENTS, (5, 2, 3), (-5, 2, -3), (5, -2, -3), (-5, -2, 3), (1, 2, 1), (-1, 2, -1))


def test_small_quotients_are_the_nearest_whole_numbers(spark: SparkSession) -> None:
    divisions = [(n, d) for n, d in product(range(-12, 13), range(-5, 6)) if d != 0]

    result = quotients(spark, *divisions)

    assert_rows(result, QUOTIENTS, *((n, d, half_away_from_zero(n, d)) for n, d in divisions))


def test_numbers_that_just_fit_are_divided_exactly(spark: SparkSession) -> None:
    # Doubles would not tell these from their neighbours.
    sizes = [
        (LARGEST // 2, 1),
        ((LARGEST - 3) // 2, 3),
        ((LARGEST - 2) // 2, 2),
        (10**18 - 1, 2),
        (10**18 - 3, 2),
        (10**15 + 1, 2 * 10**15),
        (10**15, 2 * 10**15),
        (10**15 - 1, 2 * 10**15),
        (1, LARGEST // 2),
    ]
    divisions = [(s * n, t * d) for n, d in sizes for s, t in product((1, -1), repeat=2)]

    result = quotients(spark, *divisions)

    assert_rows(result, QUOTIENTS, *((n, d, half_away_from_zero(n, d)) for n, d in divisions))


def test_a_division_by_zero_is_null(spark: SparkSession) -> None:
    result = quotients(spark, (5, 0), (-5, 0), (0, 0))

    assert_rows(result, QUOTIENTS, (5, 0, None), (-5, 0, None), (0, 0, None))


def test_a_division_of_or_by_null_is_null(spark: SparkSession) -> None:
    result = quotients(spark, (None, 2), (2, None), (None, 0))

    assert_rows(result, QUOTIENTS, (None, 2, None), (2, None, None), (None, 0, None))

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

COLUMNS = ("business_unit", "product", "cs_representative", "region")
WINDOW_EVENTS = ", ".join(f"{column} STRING" for column in COLUMNS)
DISTINCT_TEXTS = "text_column STRING, distinct_text STRING"

# xxHash64 with seed 42, worked out apart from Spark.
HASH_OF_A = -8_582_455_328_737_087_284
HASH_OF_NOTHING = -7_444_071_767_201_028_348

TextCodes = tuple[str | None, ...]


def distinct_texts(spark: SparkSession, *events: TextCodes) -> DataFrame:
    inputs = {"window_events": table(spark, WINDOW_EVENTS, events)}
    return run_step(spark, "activity", "distinct_texts", inputs)


def test_each_text_of_each_column_is_one_row(spark: SparkSession) -> None:
    result = distinct_texts(
        spark,
        ("Core", "Basic", "Eve", "North"),
        ("Core", "Plus", "Eve", "South"),
        ("Core", "Basic", "Zoe", "North"),
    )

    assert_rows(
        result.drop("text_hash"),
        DISTINCT_TEXTS,
        ("business_unit", "Core"),
        ("product", "Basic"),
        ("product", "Plus"),
        ("cs_representative", "Eve"),
        ("cs_representative", "Zoe"),
        ("region", "North"),
        ("region", "South"),
    )


def test_texts_compare_as_they_are_and_null_is_none(spark: SparkSession) -> None:
    result = distinct_texts(
        spark,
        ("Core", "Basic", None, ""),
        ("core", "Basic ", None, None),
        (None, None, None, " "),
    )

    assert_rows(
        result.drop("text_hash"),
        DISTINCT_TEXTS,
        ("business_unit", "Core"),
        ("business_unit", "core"),
        ("product", "Basic"),
        ("product", "Basic "),
        ("region", ""),
        ("region", " "),
    )


def test_the_hash_is_that_of_the_text_alone(spark: SparkSession) -> None:
    result = distinct_texts(spark, ("a", "", "a", ""))

    assert_rows(
        result,
        f"{DISTINCT_TEXTS}, text_hash BIGINT",
        ("business_unit", "a", HASH_OF_A),
        ("product", "", HASH_OF_NOTHING),
        ("cs_representative", "a", HASH_OF_A),
        ("region", "", HASH_OF_NOTHING),
    )


@pytest.mark.parametrize("many", COLUMNS)
def test_a_column_of_more_than_512_texts_lists_513_of_them(spark: SparkSession, many: str) -> None:
    events = [tuple(f"{n}" if column == many else "x" for column in COLUMNS) for n in range(520)]

    counts = distinct_texts(spark, *events).groupBy("text_column").count()

    expected = [(column, 513 if column == many else 1) for column in COLUMNS]
    assert_rows(counts, "text_column STRING, count BIGINT", *expected)

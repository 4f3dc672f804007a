"""Texts become numbers in their own order, and texts again."""

from collections.abc import Iterable, Sequence

import pytest
from pyspark.errors import SparkRuntimeException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.pipeline.codes import (
    CODES,
    FEW,
    NO_TEXT_CODES,
    NULL_CODE,
    TextCodes,
    coded_events,
    products_are_coded,
    read_texts,
)
from tests.sql.steps import assert_rows, run_step, table

WINDOW_EVENTS = ", ".join(f"{column} STRING" for column in CODES)
ALL_CODES = "unit_code INT, product_code INT, representative_code INT, region_code INT"
DICTIONARY = "code INT, distinct_text STRING"
SPECIAL = [
    "",
    " ",
    "\x00",
    "\t\n\r",
    "\x1f",
    "\x7f",
    '"',
    "'",
    "\\",
    '\\"',
    "\\u0041",
    "A",
    "a",
    "B",
    "[]",
    "null",
    "1",
    "10",
    "9",
    "e\u0301",
    "\u00e9",
    "Z\u00fcrich",
    "\u2028",
    "\uffff",  # after an emoji in UTF-16, before it in UTF-8
    "\U0001f600",
    "\U0001f600\U0001f600",
]

Event = Sequence[str | None]


def events_of(spark: SparkSession, *events: Event) -> DataFrame:
    """Events as (business unit, product, representative, region)."""
    return table(spark, WINDOW_EVENTS, events)


def units(spark: SparkSession, texts: Iterable[str | None]) -> DataFrame:
    """One event per business unit, all else being the same."""
    return events_of(spark, *((text, "Basic", "Eve", "North") for text in texts))


def products(spark: SparkSession, count: int) -> DataFrame:
    """Events of so many products, and one without."""
    bought = [*(f"p{n:03}" for n in range(count)), None]
    return events_of(spark, *(("Core", product, "Eve", "North") for product in bought))


def texts_of(spark: SparkSession, window_events: DataFrame) -> dict[str, TextCodes]:
    return read_texts(run_step(spark, "activity", "distinct_texts", {"window_events": window_events}))


def in_utf8_order(texts: Iterable[str]) -> list[str]:
    return sorted(texts, key=str.encode)


def filler(count: int) -> list[str]:
    """As many plain texts, none of them special, and not in order."""
    return [f"u{n * 7919 % 10007}" for n in range(count)]


def check_units(spark: SparkSession, texts: Sequence[str], *, few: bool) -> None:
    """The codes and the dictionary of business units are in the order of the texts, each beside its own."""
    events = units(spark, [*texts, None, *texts[:3]])
    found = texts_of(spark, events)
    assert found["business_unit"].are_coded is few
    ordered = list(enumerate(in_utf8_order(texts)))
    coded = coded_events(events, found).select("unit_code", "business_unit")
    assert_rows(
        coded,
        "unit_code INT, business_unit STRING",
        *ordered,
        *((code, text) for code, text in ordered if text in texts[:3]),
        (NULL_CODE, None),
    )
    assert_rows(found["business_unit"].dictionary(events), DICTIONARY, *ordered)


def test_special_texts_are_different_from_each_other() -> None:
    assert len(set(SPECIAL)) == len(SPECIAL)
    assert in_utf8_order(SPECIAL) != sorted(SPECIAL, key=lambda text: text.encode("utf-16-be"))


def test_few_texts_get_codes_in_utf8_order_and_back(spark: SparkSession) -> None:
    check_units(spark, SPECIAL[::-1], few=True)


def test_as_many_texts_as_are_few_get_codes_in_utf8_order_and_back(spark: SparkSession) -> None:
    check_units(spark, [*SPECIAL, *filler(FEW - len(SPECIAL))], few=True)


def test_more_than_few_texts_get_codes_in_utf8_order_and_back(spark: SparkSession) -> None:
    check_units(spark, [*SPECIAL, *filler(FEW + 1 - len(SPECIAL))], few=False)


def test_texts_with_the_replacement_character_are_joined(spark: SparkSession) -> None:
    check_units(spark, ["b", "\ufffd", "a\ufffd", "\U0001f600"], few=False)


def test_texts_that_are_no_unicode_keep_apart(spark: SparkSession) -> None:
    events = spark.sql(
        "SELECT CAST(bytes AS STRING) AS business_unit, 'Basic' AS product, 'Eve' AS cs_representative, "
        "'North' AS region FROM VALUES (X'FF'), (X'FE'), (X'61FE'), (X'61') AS t (bytes)"
    )
    found = texts_of(spark, events)
    assert not found["business_unit"].are_coded
    as_bytes = F.hex("business_unit").alias("bytes")
    coded = coded_events(events, found).select("unit_code", as_bytes)
    assert_rows(coded, "unit_code INT, bytes STRING", (0, "61"), (1, "61FE"), (2, "FE"), (3, "FF"))
    dictionary = (
        found["business_unit"].dictionary(events).select("code", F.hex("distinct_text").alias("bytes"))
    )
    assert_rows(dictionary, "code INT, bytes STRING", (0, "61"), (1, "61FE"), (2, "FE"), (3, "FF"))


def test_each_column_has_codes_of_its_own(spark: SparkSession) -> None:
    events = events_of(
        spark,
        ("Core", "Plus", "Zoe", "North"),
        ("Cloud", "Basic", "Eve", "North"),
        ("Core", "Max", "Adam", "South"),
    )
    coded = coded_events(events, texts_of(spark, events))
    assert_rows(
        coded.select(*CODES, *CODES.values()),
        f"{WINDOW_EVENTS}, {ALL_CODES}",
        ("Core", "Plus", "Zoe", "North", 1, 2, 2, 0),
        ("Cloud", "Basic", "Eve", "North", 0, 0, 1, 0),
        ("Core", "Max", "Adam", "South", 1, 1, 0, 1),
    )


def test_null_has_the_last_code_but_as_a_product_none(spark: SparkSession) -> None:
    events = events_of(spark, (None, None, None, None), ("Core", "Basic", "Eve", "North"))
    coded = coded_events(events, texts_of(spark, events))
    assert_rows(
        coded.select(*CODES.values()), ALL_CODES, (NULL_CODE, None, NULL_CODE, NULL_CODE), (0, 0, 0, 0)
    )


def test_columns_of_nothing_but_null_have_no_texts(spark: SparkSession) -> None:
    events = events_of(spark, (None, None, None, None))
    found = texts_of(spark, events)
    assert {column: texts.count for column, texts in found.items()} == dict.fromkeys(CODES, 0)
    assert_rows(
        coded_events(events, found).select(*CODES.values()),
        ALL_CODES,
        (NULL_CODE, None, NULL_CODE, NULL_CODE),
    )
    for texts in found.values():
        assert_rows(texts.dictionary(events), DICTIONARY)


def test_a_column_of_many_texts_leaves_the_codes_of_others_alone(spark: SparkSession) -> None:
    many = filler(FEW + 1)
    events = events_of(
        spark,
        *((None, None, text, text) for text in many),
        ("Core", "Basic", None, many[0]),
        ("Cloud", "Plus", many[0], None),
    )
    coded = coded_events(events, texts_of(spark, events))
    code_of = {text: code for code, text in enumerate(in_utf8_order(many))}
    assert_rows(
        coded.select(*CODES.values()),
        ALL_CODES,
        *((NULL_CODE, None, code, code) for code in range(FEW + 1)),
        (1, 0, NULL_CODE, code_of[many[0]]),
        (0, 1, code_of[many[0]], NULL_CODE),
    )


def test_256_products_have_a_code_each(spark: SparkSession) -> None:
    events = products(spark, 256)
    found = texts_of(spark, events)
    assert products_are_coded(found)
    coded = coded_events(events, found).select("product_code", "product")
    expected = [(n, f"p{n:03}") for n in range(256)]
    assert_rows(coded, "product_code INT, product STRING", *expected, (None, None))


def test_of_257_products_none_has_a_code(spark: SparkSession) -> None:
    events = products(spark, 257)
    found = texts_of(spark, events)
    assert found["product"].are_coded
    assert not products_are_coded(found)
    coded = coded_events(events, found)
    assert dict(coded.dtypes)["product_code"] == "int"
    assert coded.where("product_code IS NOT NULL").count() == 0
    assert coded.count() == 258


@pytest.mark.parametrize("product", ["\ufffd", "Plus\ufffd"])
def test_products_that_cannot_be_listed_are_not_coded(product: str) -> None:
    assert not products_are_coded(
        {**NO_TEXT_CODES, "product": TextCodes("product", ["Basic", product], [1, 2])}
    )


def test_codes_have_the_same_types_whether_or_not_texts_were_read(spark: SparkSession) -> None:
    events = units(spark, ["Core"])
    planned = coded_events(events, NO_TEXT_CODES)
    assert planned.dtypes == coded_events(events, texts_of(spark, events)).dtypes
    for column in CODES:
        assert NO_TEXT_CODES[column].dictionary(events).dtypes == [
            ("code", "int"),
            ("distinct_text", "string"),
        ]


def test_texts_with_one_hash_are_joined_and_keep_apart(spark: SparkSession) -> None:
    forged = TextCodes("business_unit", ["b", "a", "c"], [7, 7, 8])
    assert not forged.are_coded
    events = units(spark, ["a", "b", "c", None])
    coded = coded_events(events, {**NO_TEXT_CODES, "business_unit": forged, **without_units(spark, events)})
    assert_rows(
        coded.select("business_unit", "unit_code"),
        "business_unit STRING, unit_code INT",
        ("a", 0),
        ("b", 1),
        ("c", 2),
        (None, NULL_CODE),
    )


def without_units(spark: SparkSession, events: DataFrame) -> dict[str, TextCodes]:
    return {column: texts for column, texts in texts_of(spark, events).items() if column != "business_unit"}


def test_a_text_that_is_not_listed_never_gets_the_code_of_another(spark: SparkSession) -> None:
    listed = texts_of(spark, units(spark, ["a"]))
    with pytest.raises(SparkRuntimeException, match="business_unit: a text came that was not there before"):
        coded_events(units(spark, ["a", "b"]), listed).collect()

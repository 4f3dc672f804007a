"""Gives the values of text columns small numbers, in the order of the texts.

Numbers are counted, compared and sent several times faster than texts, and a distinct value can be a bit.
sql/reference/customer_tiers.sql does without; customer_units.sql says what is gained.
"""

import json
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.runtime.literals import one_row

# Text columns of window_events, and the code each gets in coded_events.
CODES = {
    "business_unit": "unit_code",
    "product": "product_code",
    "cs_representative": "representative_code",
    "region": "region_code",
}
NULL_CODE = 2**31 - 1  # the last of all: NULL competes with the texts
FEW = 512  # texts of a column that are looked up by their hash, not joined; distinct_texts.sql tells one more
PRODUCT_BITS = 256  # in customer_units.sql


class TextCodes:
    """The distinct values of one text column."""

    def __init__(self, column: str, values: Sequence[str], hashes: Sequence[int]) -> None:
        """Takes the values with their xxhash64; more than `FEW` of them stand for too many to list."""
        self.column = column
        self.count = len(values)
        # A text that is no valid Unicode can't be listed: it would come back as another. Nor are texts listed
        # of which two have the same hash.
        self.are_coded = (
            len(values) <= FEW
            and not any("\ufffd" in value for value in values)
            and len(set(hashes)) == len(values)
        )
        pairs = sorted(zip(values, hashes, strict=True), key=lambda pair: pair[0].encode())
        self._values = [value for value, _ in pairs]
        self._hashes = [hashed for _, hashed in pairs]

    def code(self) -> Column:
        """The code of the column's text, if there are few; NULL where it is NULL.

        The hash modulo a number that keeps the known values apart points into an array of codes: a few
        nanoseconds a row, where joining with the list of texts took half of the whole aggregation. The text
        there is compared with the row's.

        Raises (when it is evaluated):
            USER_RAISED_EXCEPTION: a text that isn't listed, which would get the code of another.
        """
        size = next(
            size
            for size in range(max(1, self.count), 2**31)
            if len({hashed % size for hashed in self._hashes}) == self.count
        )
        slots: list[tuple[int, str | None]] = [(NULL_CODE, None)] * size
        for code, hashed in enumerate(self._hashes):
            slots[hashed % size] = (code, self._values[code])
        codes, texts = (
            F.from_json(F.lit(json.dumps([slot[part] for slot in slots])), kind)
            for part, kind in ((0, "array<int>"), (1, "array<string>"))
        )
        slot = F.pmod(F.xxhash64(self.column), F.lit(size).cast("bigint")).cast("int") + 1
        changed = f"{self.column}: a text came that was not there before; the source changes while it is read"
        return (
            F.when(F.col(self.column).isNull(), None)
            .when(F.element_at(texts, slot).eqNullSafe(F.col(self.column)), F.element_at(codes, slot))
            .otherwise(F.raise_error(F.lit(changed)))
            .cast("int")
        )

    def dictionary(self, window_events: DataFrame) -> DataFrame:
        """One row per text: `code` and `distinct_text`."""
        if self.are_coded:
            listed = F.from_json(F.lit(json.dumps(self._values)), "array<string>")
            return one_row(window_events.sparkSession).select(
                F.posexplode(listed).alias("code", "distinct_text")
            )
        texts = window_events.select(F.col(self.column).alias("distinct_text")).distinct()
        position = F.row_number().over(Window.orderBy("distinct_text")) - 1
        return texts.where("distinct_text IS NOT NULL").select(position.alias("code"), "distinct_text")


def read_texts(distinct_texts: DataFrame) -> dict[str, TextCodes]:
    """The texts of every column, from the rows of distinct_texts. They don't grow with customers."""
    rows = distinct_texts.collect()
    return {
        column: TextCodes(
            column,
            [row["distinct_text"] for row in rows if row["text_column"] == column],
            [row["text_hash"] for row in rows if row["text_column"] == column],
        )
        for column in CODES
    }


NO_TEXT_CODES = {column: TextCodes(column, [], []) for column in CODES}


def business_unit_texts(window_events: DataFrame, texts: dict[str, TextCodes]) -> DataFrame:
    """One row per business unit of the window: `code` and `distinct_text`."""
    return texts["business_unit"].dictionary(window_events)


def cs_representative_texts(window_events: DataFrame, texts: dict[str, TextCodes]) -> DataFrame:
    """One row per representative of the window: `code` and `distinct_text`."""
    return texts["cs_representative"].dictionary(window_events)


def region_texts(window_events: DataFrame, texts: dict[str, TextCodes]) -> DataFrame:
    """One row per region of the window: `code` and `distinct_text`."""
    return texts["region"].dictionary(window_events)


def products_are_coded(texts: dict[str, TextCodes]) -> bool:
    """Whether the products are few enough for a bit each."""
    return texts["product"].are_coded and texts["product"].count <= PRODUCT_BITS


def coded_events(window_events: DataFrame, texts: dict[str, TextCodes]) -> DataFrame:
    """window_events with a code in the place of each text; `NULL_CODE` for NULL, but NULL of products."""
    coded = window_events
    for column, code in CODES.items():
        if column == "product" and not products_are_coded(texts):
            coded = coded.withColumn(code, F.lit(None).cast("int"))
        elif texts[column].are_coded:
            coded = coded.withColumn(code, texts[column].code())
        else:
            dictionary = texts[column].dictionary(window_events).withColumnRenamed("code", code)
            coded = coded.join(
                F.broadcast(dictionary.withColumnRenamed("distinct_text", column)), on=column, how="left"
            )
    return coded.fillna(NULL_CODE, [code for column, code in CODES.items() if column != "product"])

"""Puts the lines of CSV files together to records, where a record may have several of them."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.sources.csv_form import CsvForm, without_end


def numbered_records(lines: DataFrame, form: CsvForm, folders: Sequence[str], fields: int) -> DataFrame:
    """Lines put together to records, with the number of the line that each begins `at`.

    Whether text stands in quotes behind a line is what it was before, the other of the two, or one of them in
    any case. So it follows from the last line that sets it, and from how many have changed it since.

    Args:
        lines: as csv_source.read_records takes them.
        form: of the records.
        folders: the name of the column of partition folders, if there is one.
        fields: how many a record should have.
    """
    parts = _parts(F.col("line"))
    pieces = lines.select("file", "place", *folders, parts.alias("parts")).select(
        "file", "place", *folders, F.size("parts").alias("size"), F.posexplode("parts").alias("piece", "text")
    )
    text = F.concat("text", F.when(F.col("piece") == F.col("size") - 1, "\n").otherwise(""))
    in_order = Window.partitionBy("file").orderBy("place", "piece")
    before = in_order.rowsBetween(Window.unboundedPreceding, -1)
    marked = pieces.select(
        "*", text.alias("full"), form.opens(text).alias("after_out"), form.opens_again(text).alias("after_in")
    )
    changes = (F.col("after_out") & ~F.col("after_in")).cast("int")
    counted = marked.select("*", changes.alias("changes"), F.sum(changes).over(in_order).alias("changed"))
    setting = F.when(
        F.col("after_out") == F.col("after_in"), F.struct(F.col("after_out").alias("state"), "changed")
    )
    known = counted.select("*", F.last(setting, ignorenulls=True).over(before).alias("set"))
    since = F.col("changed") - F.col("changes") - F.coalesce(F.col("set.changed"), F.lit(0))
    is_inside = F.coalesce(F.col("set.state"), F.lit(False)) != (since % 2 == 1)
    stated = known.select("*", is_inside.alias("is_inside")).select(
        "*",
        F.sum((~F.col("is_inside")).cast("int")).over(in_order).alias("record_number"),
        F.row_number().over(in_order).alias("line_number"),
        F.when(F.col("is_inside"), F.col("after_in")).otherwise(F.col("after_out")).alias("is_open"),
    )
    of_record = Window.partitionBy("file", "record_number")
    at = F.min("line_number").over(of_record)
    # Only a file's last record can be open at its end. One of more characters than its fields may have isn't
    # put together: it can be all the rest of a file.
    is_unclosed = F.min("is_open").over(of_record)
    is_huge = F.sum(F.char_length("full")).over(of_record) > (fields + 1) * (form.limit + 4)
    fitting = (
        F.when(is_unclosed, refused(at, "a quote is opened that is never closed"))
        .when(is_huge, refused(at, too_long(form)))
        .otherwise(F.col("full"))
    )
    gathered = (
        stated.select("file", "record_number", "line_number", *folders, fitting.alias("full"))
        .groupBy("file", "record_number", *folders)
        .agg(
            F.array_sort(F.collect_list(F.struct("line_number", "full"))).alias("parts"),
            F.count("*").alias("file_lines"),
            F.min("line_number").cast("bigint").alias("at"),
        )
    )
    together = F.array_join(F.transform("parts", lambda part: part["full"]), "")
    return gathered.select(without_end(together).alias("record"), "file_lines", "at", "file", *folders)


def _parts(line: Column) -> Column:
    """A line in parts that carriage returns end, byte by byte: else what is no text would be mended."""
    bytewise = F.decode(line.cast("binary"), "ISO-8859-1")
    parts = F.transform(
        F.split(bytewise, r"(?<=\r)(?!\z)", -1), lambda part: F.encode(part, "ISO-8859-1").cast("string")
    )
    return F.when(line.contains("\r"), parts).otherwise(F.array(line))


def too_long(form: CsvForm) -> str:
    """What is wrong with a record that has a field of too many characters."""
    return f"a field has more than {form.limit} characters (max_field_characters): is a quote never closed?"


def refused(line: Column, what: str) -> Column:
    """Stops the reading with words that name the row's file and the line."""
    name = F.regexp_replace(
        F.try_url_decode(F.replace(F.col("file"), F.lit("+"), F.lit("%2B"))), "^file:/+", "/"
    )
    where = F.concat(F.lit("line "), line.cast("string"), F.lit(" of "), name, F.lit(f": {what}"))
    return F.raise_error(where).cast("string")

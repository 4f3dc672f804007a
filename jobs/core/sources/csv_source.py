"""Reads CSV files strictly: a record is a row of its header's columns, or a bad row as it came.

Files are read as lines, in many tasks a file. Only where a field holds a line break, a lone carriage return
ends a row or a line is very long, lines are numbered and put together to records, in one task a file.
"""

import csv
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.inputs import Input
from jobs.core.runtime.errors import ConfigurationError, Problems
from jobs.core.sources.csv_form import BYTE_ORDER_MARK, CsvForm, without_end
from jobs.core.sources.csv_lines import numbered_records, refused, too_long
from jobs.core.sources.read_errors import shown_file

# A column of every row beside those of the header: what is wrong with the record, if anything.
RECORD = "(record)"
_HEAD_CHARACTERS = 100_000
_NO_TEXT = ("\0", "\ufffd")
_FILES_TOLD = 5


def read_records(place: str, given: Input, lines: DataFrame, *, of_query: bool) -> tuple[DataFrame, bool]:
    """The rows of CSV files.

    Args:
        place: of the input in the configuration.
        given: how the files are written.
        lines: `line` without its line feed, the `file` that it is of, where it stands in it (`place`), and
            the columns of partition folders, if there are any, as the struct `folders`.
        of_query: whether there are records that can't be read must be known.

    Returns:
        The header's columns as text, NULL where a field is empty or the record can't be split into them; the
        columns of partition folders; and `RECORD`: is_malformed, is_undecodable, file_lines, and of a record
        that is either the JSON as `unread`. A quote that is never closed and a field that is too long raise
        when they are read. Beside it, whether there are such records, as far as it is known.

    Raises:
        ConfigurationError: a file without a header, or with other columns than the first.
    """
    form = CsvForm(given)
    folders = [name for name in lines.columns if name == "folders"]
    text = without_end(F.col("line"))
    head = F.when(~_is_blank(text), F.substring(F.col("line"), 1, _HEAD_CHARACTERS))
    # collect_set makes this an aggregation by hash, where the texts alone would have all lines sorted.
    found = lines.groupBy("file").agg(
        F.min_by(head, F.when(head.isNotNull(), F.col("place"))).alias("head"),
        F.array_contains(F.collect_set(form.is_odd(F.col("line"))), True).alias("is_odd"),
        F.collect_set(F.when(~_is_blank(text) & F.lit(of_query), form.shape(text))).alias("shapes"),
    )
    files = sorted(found.collect(), key=lambda row: str(row["file"]))
    heads = {
        row["file"]: next(part for part in row["head"].split("\r") if part.strip(" "))
        for row in files
        if row["head"] is not None
    }
    columns, orders = _columns(place, given, form, heads)
    is_odd = any(row["is_odd"] for row in files)
    shapes = {(shape["fields"], shape["is_bad"]) for row in files for shape in row["shapes"]}
    if is_odd:
        records = numbered_records(lines, form, folders, len(columns))
    else:
        one = F.lit(1).cast("bigint")
        records = lines.select(
            text.alias("record"), one.alias("file_lines"), one.alias("at"), "file", *folders
        )
    headers = {each for head in heads.values() for each in (head, head.lstrip(BYTE_ORDER_MARK))}
    rows = records.where(~_is_blank(F.col("record")) & ~F.col("record").isin(*headers))
    frame = _split(rows, form, columns, orders, folders)
    return frame, of_query and (is_odd or not shapes <= {(len(columns), False)})


def _is_blank(text: Column) -> Column:
    return F.trim(text) == ""


def _columns(
    place: str, given: Input, form: CsvForm, heads: dict[str, str]
) -> tuple[list[str], dict[tuple[int, ...], list[str]]]:
    """The columns of all files, and by the order in which they stand in a file the files."""
    problems = Problems()
    columns: list[str] = []
    first = ""
    orders: dict[tuple[int, ...], list[str]] = {}
    for file, head in heads.items():
        name = shown_file(file)
        if any(sign in head for sign in _NO_TEXT):
            problems.append(
                f"{place}.encoding: must be that of the file {name}, which isn't {given.encoding} "
                "(is it utf-16 or windows-1252?)"
            )
            continue
        try:
            header = form.header(head.lstrip(BYTE_ORDER_MARK))
        except csv.Error:
            problems.append(
                f"{place}: must have a header of one whole line in every file, got {name}: {head!r:.80}"
            )
            continue
        columns, first = columns or header, first or name
        if sorted(header) == sorted(columns):
            orders.setdefault(tuple(header.index(column) for column in columns), []).append(file)
        elif len(problems) < _FILES_TOLD:
            differing = [
                f"{what} {', '.join(names)}"
                for what, names in (
                    ("lacks", [column for column in columns if column not in header]),
                    ("has besides", [column for column in header if column not in columns]),
                )
                if names
            ]
            problems.append(
                f"{place}: must have the same columns in every file's header, got {name}, which "
                f"{' and '.join(differing)} (the header of {first} is {', '.join(columns)})"
            )
    problems.refuse()
    if not columns:
        raise ConfigurationError(f"{place}: must hold CSV files that begin with a header, got {given.path!r}")
    return columns, orders


def _split(
    records: DataFrame,
    form: CsvForm,
    columns: Sequence[str],
    orders: dict[tuple[int, ...], list[str]],
    folders: Sequence[str],
) -> DataFrame:
    """Records as rows of their columns."""
    record, fields = F.col("record"), F.col("fields")
    split = records.select("*", form.raw_fields(record).alias("raw"))
    is_long = F.exists(form.fields(record, F.col("raw")), lambda field: F.char_length(field) > form.limit)
    split = split.select(
        "*",
        form.undecodable(record).alias("is_undecodable"),
        ((F.size("raw") != len(columns)) | form.has_loose_quote(record, F.col("raw"))).alias("is_malformed"),
        F.when(
            (F.char_length(record) > form.limit) & is_long,
            F.array(refused(F.col("at"), too_long(form))),
        )
        .otherwise(form.fields(record, F.col("raw")))
        .alias("fields"),
    )

    def value(position: int) -> Column:
        places = list(orders)
        place: Column = F.lit(places[0][position])
        for order in places[1:]:
            place = F.when(F.col("file").isin(*orders[order]), order[position]).otherwise(place)
        return F.when(~F.col("is_malformed"), F.nullif(form.readable(F.get(fields, place)), F.lit("")))

    by_folder = {name.lower() for each in folders for name in records.select(f"{each}.*").columns}
    values = [
        value(position).alias(name) for position, name in enumerate(columns) if name.lower() not in by_folder
    ]
    hexadecimal = F.when(F.col("is_undecodable"), form.hexadecimal(record)).alias("row_bytes")
    unread = F.when(
        F.col("is_malformed"), F.to_json(F.struct(form.readable(record).alias("row_text"), hexadecimal))
    ).when(F.col("is_undecodable"), F.to_json(F.struct(*values, hexadecimal), {"ignoreNullFields": "false"}))
    of_record = F.struct("is_malformed", "is_undecodable", "file_lines", unread.alias("unread"))
    # An array of one row, taken apart: a filter on its columns isn't moved before it, where each mention of
    # them would split the record anew.
    row = F.struct(*values, of_record.alias(RECORD))
    return split.select(F.inline(F.array(row)), *(f"{each}.*" for each in folders))

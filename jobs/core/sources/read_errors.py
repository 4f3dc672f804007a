"""What Spark says of a file that it can't read, in words that name the file and what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from jobs.core.runtime.errors import BadSourceError

_FAILED = re.compile(r"\[FAILED_READ_FILE\.(\w+)\] Encountered error while reading file (\S+?)\.? +(.*)")
_MISMATCH = re.compile(
    r"column \[?<?\[?(.+?)\]?>?\]?\. Expected Spark type (\S+), actual Parquet type (\S+?)\."
)
_REFUSED = re.compile(r"\[USER_RAISED_EXCEPTION\] (.*?)(?: SQLSTATE: \w+)?$", re.MULTILINE)
_UNDECODABLE = re.compile(r"\[MALFORMED_CHARACTER_CODING\].* with (\S+)")
_OTHER_TYPE = "UnsupportedOperationException: org.apache.parquet.column.values.dictionary"
VANISHED = "has vanished"
_MEANS = {
    "FILE_NOT_EXIST": f"{VANISHED}: run again when nobody replaces the files",
    "CANNOT_READ_FILE_FOOTER": "is damaged or no Parquet file: write it again",
    "NO_HINT": "is damaged, cut off or of other types than the other files of its folder: write it again",
}


def shown_file(uri: str) -> str:
    """The name of a file that Spark names by a URI."""
    return re.sub("^file:/+", "/", unquote(uri))


def explained(error: BaseException) -> str | None:
    """What is wrong with a file, if that is what an error is about."""
    said = str(error)
    mismatch, failed = _MISMATCH.search(said), _FAILED.search(said)
    if failed:
        file = f"the file {shown_file(failed[2])}"
        if mismatch:
            return (
                f"{file} has another type in column {mismatch[1]} than other files of its folder: "
                f"{mismatch[3]}, not {mismatch[2].upper()}; write them with one type"
            )
        return f"{file} {_MEANS.get(failed[1], 'could not be read; the log has the details')}"
    refused = _REFUSED.search(said)
    if refused:
        return refused[1]
    undecodable = _UNDECODABLE.search(said)
    if undecodable:
        return f"a file is not in the encoding {undecodable[1]}, or is cut off within a character"
    if _OTHER_TYPE in said:
        return "a file has another type in a column than other files of its folder: write them with one type"
    return None


@contextmanager
def read_errors_told(place: str) -> Iterator[None]:
    """Tells of a source what can't be read in it.

    Raises:
        BadSourceError: a file can't be read.
    """
    try:
        yield
    except Exception as error:
        words = explained(error)
        if words is None:
            raise
        raise BadSourceError(f"{place}: {words}") from error

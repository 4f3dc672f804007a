"""What holds the inputs of a run still: Delta versions, and the files of what has no versions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

_GLOB = re.compile(r"([\[\]{}*?\\])")


@dataclass
class SourceVersions:
    """What holds the inputs still: all of a run reads the same, whoever writes to them meanwhile.

    Attributes:
        tables: Delta version by input; those given at first are read, others added.
        files: of inputs without versions, a hash of the names, sizes and times of their files.
    """

    tables: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    _paths: dict[str, Sequence[str]] = field(default_factory=dict, compare=False)

    def pin_files(self, place: str, frame: DataFrame) -> DataFrame:
        """Notes which files a frame reads: it keeps to those that it found when it was made."""
        self._paths[place] = sorted(frame.inputFiles())
        self.files[place] = files_hash(frame.sparkSession, self._paths[place])
        return frame

    def changed(self, spark: SparkSession) -> list[str]:
        """The inputs whose files are others than they were when they were pinned."""
        return [
            place for place, paths in self._paths.items() if files_hash(spark, paths) != self.files[place]
        ]


def files_hash(spark: SparkSession, paths: Sequence[str]) -> str:
    """SHA-256 of the names, sizes and times of files, which are listed and not read; '' if one is gone."""
    if not paths:
        return ""
    # They come as URLs, and a path is a pattern to Spark.
    places = [_GLOB.sub(r"\\\1", unquote(path)) for path in paths]
    try:
        listed = spark.read.format("binaryFile").load(places)
    except AnalysisException:
        return ""
    file = F.concat_ws("\n", "path", "length", F.unix_micros("modificationTime"))
    return str(
        listed.agg(F.sha2(F.concat_ws("\n\n", F.sort_array(F.collect_list(file))), 256)).collect()[0][0]
    )

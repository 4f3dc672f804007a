"""What holds the inputs of a run still: Delta versions, and the files of what has no versions."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
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
    _frames: dict[str, DataFrame] = field(default_factory=dict, compare=False)

    def pin_files(self, place: str, frame: DataFrame) -> DataFrame:
        """Notes which files a frame reads.

        It keeps to those that it found when it was made. On Spark Connect it looks for them again when the
        server has forgotten the frame, so that what was added meanwhile is a change.
        """
        self._frames[place] = frame
        self.files[place] = files_hash(frame)
        return frame

    def changed(self) -> list[str]:
        """The inputs whose files are others than they were when they were pinned."""
        return [place for place in self._frames if not self._is_as_pinned(place)]

    def _is_as_pinned(self, place: str) -> bool:
        try:
            return files_hash(self._frames[place]) == self.files[place]
        except AnalysisException:  # one is gone
            return False


def files_hash(frame: DataFrame) -> str:
    """SHA-256 of the names, sizes and times of a frame's files, which are listed and not read; '' of none.

    Raises:
        AnalysisException: one is gone.
    """
    # As readers of the frame find them: of itself a server of Spark Connect remembers what it found.
    paths = sorted(frame.select("*").inputFiles())
    if not paths:
        return ""
    # They come as URLs, and a path is a pattern to Spark.
    places = [_GLOB.sub(r"\\\1", unquote(path)) for path in paths]
    listed = frame.sparkSession.read.format("binaryFile").load(places)
    file = F.concat_ws("\n", "path", "length", F.unix_micros("modificationTime"))
    return str(
        listed.agg(F.sha2(F.concat_ws("\n\n", F.sort_array(F.collect_list(file))), 256)).collect()[0][0]
    )

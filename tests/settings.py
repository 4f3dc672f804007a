"""Another value for each setting that the job source_versions."""

from jobs.core.runtime.pinned import PINNED

_FLIPPED = {"true": "false", "false": "true"}
_OTHERS = {
    "CORRECTED": "LEGACY",
    "EXCEPTION": "LAST_WIN",
    "TIMESTAMP_LTZ": "TIMESTAMP_NTZ",
    "STATIC": "DYNAMIC",
    "ANSI": "LEGACY",
    "second": "first",
    "0ms": "1h",
    "_corrupt_record": "bad",
    "versionAsOf": "timestampAsOf",
    "classic": "v2",
    "none": "name",
    "1": "3",
    "2": "7",
}
OTHER_VALUES = {key: {**_FLIPPED, **_OTHERS}[value] for key, value in PINNED.items()}

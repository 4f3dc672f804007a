"""Decisions of people about customers' segments, as they are given, and what a model lets be decided."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jobs.core.config.documents import is_date
from jobs.core.config.model import ScoringModel
from jobs.core.config.segmentation import AXES, CHURNED
from jobs.core.runtime.errors import ConfigurationError, Problems
from jobs.core.runtime.nearest import did_you_mean

COLUMNS = ("customer_key", "axis", "decision", "value", "decided_by", "reason", "valid_from", "expires")
DECISIONS = _APPROVE, REJECT, _OVERRIDE = "approve", "reject", "override"
_FOR_OVERRIDES = ("reason", "expires")  # given at will, but for an override
_REQUIRED = set(COLUMNS) - set(_FOR_OVERRIDES)


@dataclass(frozen=True)
class Decision:
    """One decision as it was given.

    Attributes:
        values: text by column; None where there is none.
        names: what messages call each column.
    """

    values: Mapping[str, str | None]
    names: Mapping[str, str]

    @classmethod
    def of(cls, cells: Mapping[str, str | None], names: Mapping[str, str] | None = None) -> Self:
        """A decision made of cells or arguments, of which a blank one is none."""
        values = {column: cells.get(column) for column in COLUMNS}
        return cls(
            {column: text if text and text.strip() else None for column, text in values.items()},
            names or {column: column for column in COLUMNS},
        )

    def must_be(self, column: str, expected: str) -> str:
        """Says that a column must be something else than it is."""
        return f"{self.names[column]}: must be {expected}, got {self.values[column]!r:.80}"

    def problems(self, model: ScoringModel) -> Iterator[str]:
        """What is wrong with it, whoever the customer is."""
        given = {column: text for column, text in self.values.items() if text is not None}
        is_override = given.get("decision") == _OVERRIDE
        for column in COLUMNS:
            if column not in given and (column in _REQUIRED or is_override):
                yield f"{self.names[column]}: must be given{' with an override' * (column in _FOR_OVERRIDES)}"
        for column, text in given.items():
            if text.encode(errors="replace").decode() != text:  # bytes of the command line that are no text
                yield self.must_be(column, "Unicode text")
        values = values_by_axis(model, given.get("decision", ""))
        choices = {
            "axis": tuple(values),
            "decision": DECISIONS,
            "value": values.get(given.get("axis", ""), ()),
        }
        for column, allowed in choices.items():
            if column in given and allowed and given[column] not in allowed:
                must_be = self.must_be(column, f"one of {', '.join(allowed)}")
                yield must_be + did_you_mean(given[column], allowed)
        begins, ends = given.get("valid_from", ""), given.get("expires", "")
        for column, text in (("valid_from", begins), ("expires", ends)):
            if text and not is_date(text):
                yield self.must_be(column, "a date like 2024-12-31")
        if is_date(begins) and is_date(ends) and ends <= begins:
            yield self.must_be("expires", f"after {begins}, from which the decision is valid")


def values_by_axis(model: ScoringModel, decision: str) -> dict[str, tuple[str, ...]]:
    """The values that a decision of a kind can name, on each axis that it can be about.

    Value segments, and having left, are all that waits for approval.
    """
    if decision in {_APPROVE, REJECT}:
        return {
            "value_segment": model.segmentation.values_of("value_segment"),
            "behavior_segment": (CHURNED,),
        }
    return {axis: model.segmentation.values_of(axis, model.tier_names) for axis in AXES}


def read_file(file: Path) -> list[Decision]:
    """The decisions in a CSV file of `COLUMNS` in any order; reason and expires may be left out.

    Raises:
        ConfigurationError: it is no such file.
    """
    problems, found, where = Problems(), [], str(file)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines, strict=True)
            header = next(rows, [])
            if not _REQUIRED <= set(header) <= set(COLUMNS) or len(set(header)) < len(header):
                wanted = ", ".join(COLUMNS)
                raise ConfigurationError(
                    f"{file}: line 1: must name the columns {wanted}, got {', '.join(header)!r:.200}"
                )
            where = f"{file}: line {rows.line_num + 1}"
            for row in rows:
                if row and len(row) != len(header):
                    problems.append(f"{where}: must have {len(header)} cells as line 1 has, got {len(row)}")
                elif row:
                    names = {column: f"{where}: {column}" for column in COLUMNS}
                    found.append(Decision.of(dict(zip(header, row, strict=True)), names))
                where = f"{file}: line {rows.line_num + 1}"
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.append(f"{where}: must be a readable CSV file in UTF-8, got: {error}")
    if not found and not problems:
        problems.append(f"{file}: must hold at least one decision below its first line; there is none")
    problems.refuse()
    return found

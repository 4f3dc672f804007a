"""A source's rows with what the rules say of each of them; nothing is counted here."""

from collections.abc import Iterable, Mapping
from functools import cached_property, reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.rules import QualityRule
from jobs.core.config.source_columns import source_tables
from jobs.core.runtime.functions import with_functions

# Of a record that couldn't be split into columns nothing else can be said.
_ABOUT_RECORD = {"row_malformed", "text_undecodable"}


class RuledRows:
    """The rows of a source, and for each rule about rows whether they break it.

    Attributes:
        incoming: the rows, with is_duplicate_key and is_duplicate_row where rules are about them.
        rules: about them.
        fails: by rule, whether a row breaks it; NULL counts as not.
        key: the column that tells a row to people.
    """

    def __init__(
        self, name: str, incoming: DataFrame, rules: Mapping[str, QualityRule], unique_key: tuple[str, ...]
    ) -> None:
        """Takes the rows of a source as sources.open_sources gives them.

        Args:
            name: of the source.
            incoming: its rows.
            rules: about its rows.
            unique_key: source columns that tell rows apart; given if duplicate_key is among the rules.
        """
        self.incoming = _with_duplicates(incoming, unique_key, rules)
        self.rules = rules
        self.fails = {rule: _failing(rule, found.fails_if) for rule, found in rules.items()}
        self.key = source_tables()[name].key
        self._is_quarantined = self.breaking(self.quarantining)

    @property
    def quarantining(self) -> set[str]:
        """The rules that set rows aside."""
        return {rule for rule, found in self.rules.items() if found.severity == "quarantine"}

    def breaking(self, rules: Iterable[str]) -> Column:
        """Whether a row breaks one of the rules."""
        wanted = set(rules)
        broken = [F.coalesce(self.fails[rule], F.lit(False)) for rule in self.rules if rule in wanted]
        return reduce(Column.__or__, broken, F.lit(False))

    def usable(self, columns: Iterable[str]) -> DataFrame:
        """The rows that no rule sets aside."""
        return self.incoming.where(~self._is_quarantined).select(*columns)

    @cached_property
    def currencies(self) -> list[str]:
        """The first and the last currency in binary order, without case and space; one if all are alike."""
        alike = F.nullif(F.upper(F.expr(with_functions("as_seen(currency)"))), F.lit(""))
        found = self.incoming.agg(F.min(alike), F.max(alike)).collect()[0]
        return list(dict.fromkeys(currency for currency in found if currency is not None))

    def quarantined(self) -> DataFrame:
        """One row per row that is not used: `reasons`, and the row as it came as JSON.

        Also `example_key`, and `file_lines`, how many lines of its file the row took.
        """
        reasons = F.array_compact(
            F.array(
                *(
                    F.when(self.fails[rule], rule)
                    for rule, found in self.rules.items()
                    if found.severity in {"quarantine", "fail"}
                )
            )
        )
        return self.incoming.where(self._is_quarantined).select(
            reasons.alias("reasons"),
            F.col(self.key).alias("example_key"),
            "file_lines",
            F.coalesce("unread", F.to_json("source_row", {"ignoreNullFields": "false"})).alias("source_row"),
        )


def _failing(rule: str, fails_if: str) -> Column:
    fails = F.expr(with_functions(fails_if))
    return fails if rule in _ABOUT_RECORD else F.when(~F.col("is_malformed"), fails)


def _with_duplicates(
    incoming: DataFrame, unique_key: tuple[str, ...], rules: Mapping[str, QualityRule]
) -> DataFrame:
    """Adds is_duplicate_key and is_duplicate_row, each if its rule is on.

    Of equal keys the first row in binary order of its JSON is kept. A key with a NULL equals no other.
    """
    text = F.to_json("source_row", {"ignoreNullFields": "false"})
    if "duplicate_row" in rules:
        alike = Window.partitionBy(text).orderBy(text)
        incoming = incoming.withColumn("is_duplicate_row", F.row_number().over(alike) > 1)
    if "duplicate_key" in rules:
        key = [F.col("source_row").getField(column) for column in unique_key]
        is_later = F.row_number().over(Window.partitionBy(*key).orderBy(text)) > 1
        complete = reduce(Column.__and__, [part.isNotNull() for part in key])
        incoming = incoming.withColumn("is_duplicate_key", is_later & complete)
    return incoming

"""Amounts of money as they are read and added up: exactly, to 6 decimals, whatever the order and the size."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql import types as T  # noqa: N812

FEWEST_PLACES, MOST_PLACES = 2, 6  # decimals that are kept of an amount
_NOISE = 1e-9  # how far binary fractions come from a decimal by calculating
_UNITS = {"total_revenue": "revenue_units", "total_gross_margin": "margin_units"}


def amount_type(source: T.DataType) -> str:
    """The SQL type of a source column's amounts: 16 digits before the point, and its decimals up to 6."""
    if isinstance(source, T.DecimalType):
        places = min(max(source.scale, FEWEST_PLACES), MOST_PLACES)
    else:
        places = FEWEST_PLACES if isinstance(source, T.IntegralType) else MOST_PLACES
    return f"decimal({16 + places},{places})"


def amount(column: Column, source: T.DataType) -> Column:
    """A source column's amounts, rounded half up to the decimals that are kept; NULL if unreadable."""
    return _in_decimal(column, source).try_cast(amount_type(source))


def is_rounded(column: Column, source: T.DataType) -> Column:
    """Whether `amount` takes something off: any digit of a text or a decimal, more than noise of a DOUBLE."""
    kept = amount(column, source)
    if isinstance(source, T.DoubleType | T.FloatType):
        return F.abs(_in_decimal(column, source) - kept.cast("double")) > _NOISE
    if isinstance(source, T.StringType):
        # All the digits that matter beside 16 before the point.
        column = column.try_cast("decimal(38,22)")
    elif not isinstance(source, T.DecimalType) or source.scale <= MOST_PLACES:
        return F.lit(False)
    return column % F.lit(Decimal(1).scaleb(-MOST_PLACES)) != 0


def _in_decimal(column: Column, source: T.DataType) -> Column:
    """A FLOAT as the DOUBLE of the same shortest decimal form, of which Spark makes decimals."""
    return column.cast("string").cast("double") if isinstance(source, T.FloatType) else column


def places(facts: DataFrame, *columns: str) -> int:
    """The decimals of a column of amounts, or the most of several."""
    kinds = (facts.schema[column].dataType for column in columns)
    return max(kind.scale for kind in kinds if isinstance(kind, T.DecimalType))


def sums(facts: DataFrame) -> dict[str, str]:
    """What is added up of fct_revenues as it comes, as SQL by name; counts are bounded."""
    revenue, margin = (places(facts, column) for column in _UNITS)
    return {
        "revenue": _total("total_revenue", revenue),
        "amount": _total("abs(total_revenue)", revenue),
        "margin_amount": _total("abs(total_gross_margin)", margin),
        "least_count": "min(event_count)",
        "most_count": "max(event_count)",
    }


def _total(amounts: str, decimals: int) -> str:
    """The exact sum of amounts of so many decimals; 0 of none.

    Cents are added in two parts of a BIGINT: 14 million took 1.25 s, as decimals 2.1. Neither can
    overflow before there are nine billion rows.
    """
    if decimals > FEWEST_PLACES:
        return f"coalesce(sum(CAST({amounts} AS DECIMAL(28, {decimals}))), 0)"
    cents = f"CAST({amounts} * 100 AS BIGINT)"
    billions = f"CAST(sum({cents} DIV 1000000000) AS DECIMAL(28, 0)) * 10000000.00BD"
    return f"coalesce({billions} + CAST(sum({cents} % 1000000000) AS DECIMAL(20, 0)) * 0.01BD, 0)"


@dataclass(frozen=True)
class Units:
    """In what the facts are added up: money in whole units of its last decimal place, and counts.

    Attributes:
        decimals: of the money.
        sizes: by column of fct_revenues, the sum of its absolute values, or more.
    """

    decimals: int
    sizes: Mapping[str, Decimal | int]

    @property
    def unit(self) -> Decimal:
        """What one unit of money is worth."""
        return Decimal(1).scaleb(-self.decimals)

    def counted(self, facts: DataFrame) -> DataFrame:
        """The facts with `revenue_units` and `margin_units` in the place of their amounts."""
        wholes = {
            units: (F.col(column) * 10**self.decimals).cast(self._type(column, self.decimals))
            for column, units in _UNITS.items()
        }
        counts = F.col("event_count").cast(self._type("event_count", 0))
        return facts.withColumns({**wholes, "event_count": counts}).drop(*_UNITS)

    def _type(self, column: str, decimals: int) -> str:
        """BIGINT where every sum of the column fits, else decimals, which are added more slowly."""
        return "bigint" if self.sizes[column] * 10**decimals < 2**63 else "decimal(38,0)"


# Of facts that are only planned.
PLANNED = Units(FEWEST_PLACES, dict.fromkeys((*_UNITS, "event_count"), 0))

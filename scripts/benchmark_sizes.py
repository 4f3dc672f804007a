"""How much data the benchmark's runs read, and which dates they are asked for."""

from dataclasses import dataclass
from datetime import date

from jobs.core.commands.dates import every_month

AS_OF = date(2024, 12, 31)
MONTHS = every_month(date(2024, 1, 31), AS_OF)
USUAL_FACTS = 7.4
# A naive port of more facts takes hours, or fails.
MOST_NAIVE_FACTS = 2_000_000 * USUAL_FACTS


@dataclass(frozen=True)
class Size:
    """How much data."""

    customers: int
    facts_per_customer: float
    months: int = 1  # whose ends are asked for

    def __str__(self) -> str:
        return self.data + (f"x{self.months}-months" if self.months > 1 else "")

    @property
    def data(self) -> str:
        """What tells its data from others, whatever is asked of them."""
        return f"{self.customers}x{self.facts_per_customer:g}"

    @property
    def dates(self) -> list[date]:
        """The ends of its months."""
        return MONTHS[-self.months :]

    def suits(self, engine: str) -> bool:
        """Whether the engine can be expected to manage it."""
        return engine != "naive" or (
            self.months == 1 and self.customers * self.facts_per_customer <= MOST_NAIVE_FACTS
        )


SIZES = [
    *(Size(customers, USUAL_FACTS) for customers in (100_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000)),
    Size(1_000_000, 60),
]

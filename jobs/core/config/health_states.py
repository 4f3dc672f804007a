"""The limits of the health states."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from jobs.core.config.conditions import Name, Number
from jobs.core.config.documents import Document
from jobs.core.runtime.nearest import did_you_mean


class HealthStates(Document):
    """When a customer is At-Risk, and when it is Healthy again; health scores, or names of thresholds."""

    at_risk_below: Number | Name
    healthy_above: Number | Name
    healthy_after_days: Annotated[int, Field(ge=0, le=3650)]

    def limits(self, thresholds: Mapping[str, Decimal]) -> tuple[Decimal, Decimal]:
        """The score below which a customer is At-Risk, and that above which it becomes Healthy."""
        below, above = (
            thresholds[limit] if isinstance(limit, str) else limit
            for limit in (self.at_risk_below, self.healthy_above)
        )
        return below, above

    def problems(self, thresholds: Mapping[str, Decimal]) -> Iterator[str]:
        """Tells of names that aren't thresholds, and of limits that overlap."""
        named = [limit for limit in (self.at_risk_below, self.healthy_above) if isinstance(limit, str)]
        unknown = [name for name in named if name not in thresholds]
        for name in unknown:
            yield (
                f"segments.health: must name one of thresholds {sorted(thresholds)}, got {name!r}"
                f"{did_you_mean(name, thresholds)}"
            )
        if not unknown:
            below, above = self.limits(thresholds)
            if above < below:
                yield (
                    "segments.health: must have healthy_above at least at_risk_below, "
                    f"got {above} and {below}"
                )

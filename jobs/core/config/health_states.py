"""The limits of the health states."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import Field, field_validator

from jobs.core.config.conditions import Number
from jobs.core.config.documents import Document
from jobs.core.runtime.nearest import did_you_mean


class HealthStates(Document):
    """When a customer is At-Risk, and when it is Healthy again; health scores, or names of thresholds."""

    at_risk_below: Number | str
    healthy_above: Number | str
    healthy_after_days: Annotated[int, Field(ge=0, le=3650)]

    @field_validator("at_risk_below", "healthy_above", mode="before")
    @classmethod
    def _number_or_name(cls, given: Any) -> Any:  # noqa: ANN401  (whatever the document holds)
        if not isinstance(given, str | int | float | Decimal) or isinstance(given, bool):
            raise ValueError(f"must be a number or the name of a threshold, got {given!r}")  # noqa: TRY004
        try:
            number = Decimal(str(given))
        except InvalidOperation:
            return given
        if not number.is_finite():
            raise ValueError(f"must be a finite number or the name of a threshold, got {given!r}")
        return number

    def limits(self, thresholds: Mapping[str, Decimal]) -> tuple[Decimal, Decimal]:
        """The score below which a customer is At-Risk, and that above which it becomes Healthy."""
        below, above = (
            thresholds[limit] if isinstance(limit, str) else limit
            for limit in (self.at_risk_below, self.healthy_above)
        )
        return below, above

    def problems(self, thresholds: Mapping[str, Decimal]) -> Iterator[str]:
        """Tells of names that aren't thresholds, and of limits that overlap."""
        given = {"at_risk_below": self.at_risk_below, "healthy_above": self.healthy_above}
        unknown = {
            key: name for key, name in given.items() if isinstance(name, str) and name not in thresholds
        }
        for key, name in unknown.items():
            yield (
                f"segments.health.{key}: must be a number or one of thresholds {sorted(thresholds)}, "
                f"got {name!r}{did_you_mean(name, thresholds)}"
            )
        if not unknown:
            below, above = self.limits(thresholds)
            if above < below:
                yield (
                    "segments.health: must have healthy_above at least at_risk_below, "
                    f"got {above} and {below}"
                )

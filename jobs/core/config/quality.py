"""Settings of what is checked: the severities of rules, and the limits of totals."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from jobs.core.config.documents import Document

Share = Annotated[Decimal, Field(ge=0, le=1)]
Severity = Literal["warn", "quarantine", "fail", "off"]


class Limits(Document):
    """From where on a total breaks its rule.

    Attributes:
        quarantined_share: of a source's rows, or of its revenue, at most.
        rows_kept: share of the rows of the last published run, at least.
        revenue_kept: share of the scored customers' revenue of the previous snapshot, at least.
        latest_event_days: from the latest event to as_of, at most.
    """

    quarantined_share: Share = Decimal("0.01")
    rows_kept: Share = Decimal("0.5")
    revenue_kept: Share = Decimal("0.8")
    latest_event_days: Annotated[int, Field(ge=0, le=10**9)] = 92


class Quality(Document):
    """What the rules of conf/rules.yaml do in this run."""

    severity: dict[str, Severity] = Field(default_factory=dict)
    limits: Limits = Limits()

    @field_validator("severity", mode="before")
    @classmethod
    def _off_is_a_word(cls, severity: Any) -> Any:  # noqa: ANN401  (whatever the document holds)
        # YAML reads a bare `off` as false.
        if not isinstance(severity, dict):
            return severity
        return {rule: "off" if given is False else given for rule, given in severity.items()}

"""Conditions on the measures of a customer, as models state them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictStr, ValidationInfo, model_validator

from jobs.core.config.documents import Document
from jobs.core.runtime.nearest import did_you_mean

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Label = Annotated[str, Field(min_length=1, max_length=200)]
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "missing", "present"]
Number = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=30)]  # fits Spark's DECIMAL(38)
_DIGITS = 38  # of a number of 30 digits times one of 8


class Condition(Document):
    """Compares one measure with one value, or joins conditions by all or any.

    Attributes:
        times: what the threshold is multiplied by: a limit at some distance from one.
    """

    metric: Name | None = None
    operator: Operator | None = None
    value: StrictBool | Number | StrictStr | None = None
    threshold: Name | None = None
    times: Annotated[Decimal, Field(gt=0, max_digits=8)] | None = None
    months_before_as_of: Annotated[int, Field(ge=0, le=1200)] | None = None
    all: tuple["Condition", ...] = ()
    any: tuple["Condition", ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = self.model_fields_set
        if any(getattr(self, key) is None for key in given):
            raise ValueError("must have a value for each of its keys, got null")
        if given in ({"all"}, {"any"}):
            if not self.all + self.any:
                raise ValueError("must have at least one condition below all or any")
            return self
        operands = given & {"value", "threshold", "months_before_as_of"}
        of_operands = operands | ({"times"} if self.threshold else set())
        wanted = 0 if self.operator in {"missing", "present"} else 1
        if given - of_operands != {"metric", "operator"} or len(operands) != wanted:
            raise ValueError(
                "must be {metric, operator, and one of value, threshold (with times, if wanted), "
                "months_before_as_of}, "
                "{metric, operator: missing or present}, {all: [...]}, or {any: [...]}, "
                f"got {sorted(given)}"
            )
        return self

    def limit(self, thresholds: Mapping[str, Decimal]) -> bool | Decimal | str | None:
        """What a measure is compared with, where that is no date."""
        if self.threshold is None:
            return self.value
        with localcontext(prec=_DIGITS):
            return thresholds[self.threshold] * (1 if self.times is None else self.times)

    def comparisons(self) -> Iterator["Condition"]:
        """The comparisons in it, in the order written."""
        if self.metric is not None:
            yield self
        for part in self.all + self.any:
            yield from part.comparisons()


class Rule(Document):
    """Something that holds for a customer when its condition does, or for everybody else."""

    when: Condition | None = None


def check_names(what: str, names: list[str]) -> Iterator[str]:
    """Tells of names that are given more than once."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        yield f"must have each {what} once, got more of {', '.join(repeated)}"


def check_fallback(rules: Sequence[Rule]) -> Iterator[str]:
    """Tells if there isn't one rule without a condition, as the last."""
    if [rule.when is None for rule in rules] != [False] * (len(rules) - 1) + [True]:
        yield "must have when in all but the last, which is for everybody else"


def check_thresholds(
    conditions: Iterable[tuple[str, Condition | None]], known: Mapping[str, Decimal]
) -> Iterator[str]:
    """Tells of thresholds that conditions, each with its path, name and the model doesn't."""
    for path, condition in conditions:
        for comparison in condition.comparisons() if condition else ():
            if comparison.threshold and comparison.threshold not in known:
                yield (
                    f"{path}: must name one of thresholds {sorted(known)}, got {comparison.threshold!r}"
                    f"{did_you_mean(comparison.threshold, known)}"
                )


def check_rules(rules: Sequence[Rule], info: ValidationInfo) -> Iterator[str]:
    """The same of rules, while their model is read; nothing if its thresholds are wrong themselves."""
    known = info.data.get("thresholds")
    if known is not None:
        yield from check_thresholds(((str(path), rule.when) for path, rule in enumerate(rules)), known)


def raise_all(problems: Iterable[str]) -> None:
    """Raises ValueError with all problems, if there are any."""
    all_problems = "; ".join(problems)
    if all_problems:
        raise ValueError(all_problems)

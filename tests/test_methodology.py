"""The tables of sql/METHODOLOGY.md that show the models say what the models say. Starts no Spark."""

from typing import Any

import yaml

from tests.conftest import CHECKOUT

Row = tuple[str, ...]

PAGE = (CHECKOUT / "sql/METHODOLOGY.md").read_text()


def model(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((CHECKOUT / f"conf/models/{name}.yaml").read_text())
    return content


PROFITABILITY, VALUE = model("profitability_adherence"), model("value_potential_strategic")


def table(*columns: str) -> list[Row]:
    """The rows of the only table on the page that has these columns."""
    lines = [line.strip() for line in PAGE.splitlines()]
    [start] = [number for number, line in enumerate(lines) if cells(line) == columns]
    body = lines[start + 2 :]
    end = next(number for number, line in enumerate([*body, ""]) if not line.startswith("|"))
    return [cells(line) for line in body[:end]]


def cells(line: str) -> Row:
    return tuple(cell.strip().strip("`*") for cell in line.strip("|").split(" | "))


def holds_where(condition: dict[str, Any] | None, of: dict[str, Any]) -> str:
    """A condition of a model in words."""
    if condition is None:
        return "else"
    for key, word in (("all", " and "), ("any", " or ")):
        if key in condition:
            return word.join(holds_where(part, of) for part in condition[key])
    metric, operator = condition["metric"], condition["operator"]
    if operator in {"missing", "present"}:
        return f"{metric} is {operator}"
    if "months_before_as_of" in condition:
        return f"{metric} {operator} {condition['months_before_as_of']} months before as_of"
    limit = of["thresholds"][condition["threshold"]] if "threshold" in condition else condition["value"]
    return f"{metric} {operator} {limit}"


def test_tiers_of_the_first_model() -> None:
    limits = PROFITABILITY["thresholds"]
    named = {tier["tier"]: f"{tier['tier']}: {tier['name']}" for tier in PROFITABILITY["tiers"]}
    high, low = (f"profitability {sign} {limits['high_profitability']}" for sign in (">=", "<"))
    sides = [f"adherence {sign} {limits['high_adherence']}" for sign in (">=", "<")]
    assert table("", *sides) == [(high, named["A"], named["B"]), (low, named["C"], named["D"])]


def test_flags_of_the_first_model() -> None:
    shown = table("flag", "in words", "holds where", "recommended action")
    assert [(flag, where, action) for flag, _, where, action in shown] == [
        (flag["flag"], holds_where(flag.get("when"), PROFITABILITY), flag["recommended_action"])
        for flag in PROFITABILITY["flags"]
    ]


def test_weights_of_the_first_model() -> None:
    assert table("score", "measure", "weight", "more is") == [
        (
            component["score"],
            component["metric"],
            f"{component['weight']:.0%}",
            "worse" if component.get("direction") == "lower_is_better" else "better",
        )
        for component in PROFITABILITY["components"]
    ]


def test_behaviours_of_the_second_model() -> None:
    assert table("behaviour", "rule", "holds where") == [
        (each["segment"], each["rule"], holds_where(each.get("when"), VALUE))
        for each in VALUE["segments"]["behavior"]
    ]

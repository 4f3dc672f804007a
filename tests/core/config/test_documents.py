"""YAML documents: files that are none, and the wording of every problem. Starts no Spark."""

import re
import time
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from jobs.core.config.documents import Document, read_yaml, validate
from jobs.core.runtime.errors import ConfigurationError


def refused(file: Path) -> str:
    with pytest.raises(ConfigurationError) as error:
        read_yaml(file, "run.yaml")
    (problem,) = error.value.problems
    return problem


def refused_text(folder: Path, text: str | bytes) -> str:
    file = folder / "run.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return refused(file)


def test_missing_file_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.yaml") == "run.yaml: must be an existing file; there is none"


def test_folder_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path).startswith("run.yaml: must be a readable UTF-8 text file, got: ")


def test_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    told = refused_text(tmp_path, "customer_key: Größe".encode("latin-1"))
    assert told.startswith("run.yaml: must be a readable UTF-8 text file, got: 'utf-8' codec can't decode")


@pytest.mark.parametrize(
    ("text", "kind"), [("", "NoneType"), ("# a comment\n", "NoneType"), ("- a\n", "list"), ("hello", "str")]
)
def test_file_that_holds_no_mapping_is_told(tmp_path: Path, text: str, kind: str) -> None:
    assert refused_text(tmp_path, text) == f"run.yaml: must hold a mapping of settings, got: {kind}"


@pytest.mark.parametrize(
    ("text", "line"),
    [("model: [a", 1), ("model: a\n\toutput: b", 2), ("a: 1\n---\nb: 2", 2), ("model: 'a\nb: 1", 2)],
    ids=["bracket", "tab", "two documents", "quote"],
)
def test_text_that_is_not_yaml_is_told_in_one_line_with_its_place(
    tmp_path: Path, text: str, line: int
) -> None:
    told = refused_text(tmp_path, text)
    assert told.startswith("run.yaml: must be valid YAML, got: ")
    assert f"line {line}, column" in told
    assert "\n" not in told


def test_key_given_twice_is_refused(tmp_path: Path) -> None:
    told = refused_text(tmp_path, "model: a\nmodel: b\n")
    assert told.startswith("run.yaml: must be valid YAML, got: key 'model' is given twice in ")


def test_key_given_twice_in_a_nested_mapping_is_refused(tmp_path: Path) -> None:
    assert "key 'path' is given twice" in refused_text(tmp_path, "output: {path: a, path: b}\n")


def test_yaml_builds_no_python_objects(tmp_path: Path) -> None:
    told = refused_text(tmp_path, "model: !!python/object/apply:os.getcwd []")
    assert "could not determine a constructor for the tag" in told


def test_anchors_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("a: &place {path: x}\nb: *place\n")
    assert read_yaml(file, "run.yaml") == {"a": {"path": "x"}, "b": {"path": "x"}}


def test_merge_keys_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("a: &place {format: csv}\nb: {<<: *place, path: x}\n")
    assert read_yaml(file, "run.yaml")["b"] == {"format": "csv", "path": "x"}


def test_date_that_does_not_exist_is_told(tmp_path: Path) -> None:
    assert refused_text(tmp_path, "model: 2024-02-30").startswith("run.yaml: must be valid YAML")


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &x [*x]", "an alias that holds itself"),
        ("a: &x {b: [1, {c: *x}]}", "an alias that holds itself"),
        ("&x {b: *x}", "an alias that holds itself"),
        ("? &x {a: *x}\n: 1", "an alias that holds itself"),
        ("a: &x {<<: *x}", "an alias that holds itself"),
        (f"a: {'[' * 3000}{']' * 3000}", "more than 50 levels"),
        (f"a: {'{a: ' * 3000}{'}' * 3000}", "more than 50 levels"),
        (f"a:\n {'- ' * 3000}x", "more than 50 levels"),
        (f"a: {'[' * 100_000}", "more than 50 levels"),
        (
            "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60)),
            "more than 50 levels",
        ),
        (LAUGHS, "more than 100,000 values"),
        (
            LAUGHS.replace("[x, x, x, x, x, x, x, x, x]", "{x: 1}").replace("[", "{<<: [").replace("]", "]}"),
            "more than 100,000 values",
        ),
    ],
    ids=[
        *("list", "mapping", "document", "key", "merge", "lists", "mappings", "block", "open"),
        *("chain", "laughs", "merged laughs"),
    ],
)
def test_endless_deep_or_huge_document_is_refused_at_once(tmp_path: Path, text: str, told: str) -> None:
    assert refused_text(tmp_path, text) == f"run.yaml: must be a document of ordinary size, got {told}"


def test_aliases_of_ordinary_documents_count_for_what_they_repeat(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("a: &a [1, 2]\nb: &b {x: *a, y: *a}\nc: [*b, *b, *a]\n")
    part = {"x": [1, 2], "y": [1, 2]}
    assert read_yaml(file, "run.yaml") == {"a": [1, 2], "b": part, "c": [part, part, [1, 2]]}


def test_many_keys_take_no_time(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("\n".join(f"k{number}: 1" for number in range(10_000)))
    started = time.process_time()
    assert len(read_yaml(file, "run.yaml")) == 10_000
    assert time.process_time() - started < 10


class Part(Document):
    name: str = ""
    size: int = 1
    kind: Literal["small", "large"] = "small"
    parts: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    named: Annotated[str, Field(pattern="^[a-z]+$")] = "a"
    letter: Annotated[str, Field(min_length=1, max_length=1)] = "a"
    some: Annotated[tuple[str, ...], Field(min_length=1)] = ("a",)


class Whole(Document):
    part: Part


def wording(content: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        validate(Whole, content, "run.yaml")
    return list(error.value.problems)


def test_problems_are_worded_with_file_key_and_value() -> None:
    content = {"part": {"name": 1, "size": "big", "kind": "larch", "parts": "a", "labels": [], "nmae": "x"}}
    assert wording(content) == [
        "run.yaml: part.name: must be text, got 1",
        "run.yaml: part.size: must be a whole number, got 'big'",
        "run.yaml: part.kind: must be 'small' or 'large', got 'larch'; did you mean 'large'?",
        "run.yaml: part.parts: must be a list, got 'a'",
        "run.yaml: part.labels: must be a mapping (key: value), got []",
        "run.yaml: part.nmae: must be a known key, one of name, size, kind, parts, labels, named, letter, "
        "some; did you mean 'name'?",
    ]


def test_missing_part_is_told() -> None:
    assert wording({}) == ["run.yaml: part: must be given"]


def test_long_values_are_cut() -> None:
    (told,) = wording({"part": {"size": "x" * 1000}})
    assert len(told) < 200


def test_value_is_told_without_its_secret_however_long() -> None:
    (told,) = wording({"part": {"size": f"s3a://KEY:hun/ter{'2' * 100}@bucket"}})
    assert told == "run.yaml: part.size: must be a whole number, got 's3a://***@bucket'"


def test_number_that_python_does_not_write_is_told() -> None:
    (told,) = wording({"part": {"name": int("f" * 5000, 16)}})
    assert told == "run.yaml: part.name: must be text, got a number of thousands of digits"


@pytest.mark.parametrize(
    "part",
    [{"named": "A B"}, {"letter": ";;"}, {"letter": ""}, {"some": []}, {1: "a"}, {"labels": {"a": 1}, 2: ""}],
)
def test_every_problem_is_worded_as_what_must_be(part: dict[Any, Any]) -> None:
    for told in wording({"part": part}):
        assert re.match(r"run\.yaml: [\w.]+: must ", told)


def test_document_does_not_change_once_read() -> None:
    whole = validate(Whole, {"part": {}}, "run.yaml")
    with pytest.raises(ValueError, match="frozen"):
        whole.part.name = "other"  # type: ignore[misc]  # what must fail


class Visits(Document):
    renamed_keys: ClassVar = {"visits_a_year": "visits_per_year"}
    visits_per_year: int


class Plan(Document):
    plans: tuple[Visits, ...]


def test_a_key_under_its_earlier_name_is_taken_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"plans": [{"visits_a_year": 4}, {"visits_per_year": 2}, {"visits_a_year": 1}]}
    plan = validate(Plan, given, "plan.yaml")
    assert [each.visits_per_year for each in plan.plans] == [4, 2, 1]
    assert plan.model_dump(exclude_unset=True)["plans"][0] == {"visits_per_year": 4}
    told = "visits_a_year is called visits_per_year now; the next release takes that name alone"
    assert capsys.readouterr().err == f"Warning: plan.yaml: {told}\n"
    # What a run recorded is nobody's to change.
    assert Plan.model_validate(given) == plan
    assert capsys.readouterr().err == ""


def test_a_key_under_both_names_is_refused() -> None:
    with pytest.raises(ConfigurationError) as error:
        validate(Plan, {"plans": [{"visits_a_year": 4, "visits_per_year": 4}]}, "plan.yaml")
    assert error.value.problems == (
        "plan.yaml: plans.0: must have visits_per_year once, got it under its earlier name visits_a_year too",
    )


def test_the_earlier_name_is_not_among_the_known_keys() -> None:
    with pytest.raises(ConfigurationError, match="one of visits_per_year; did you mean 'visits_per_year'"):
        validate(Plan, {"plans": [{"visits_per_yer": 4}]}, "plan.yaml")

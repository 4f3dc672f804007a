"""What pages, workflows and hooks name is there, and the version stands in one place. Starts no Spark."""

import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

import jobs.core
from jobs.core.config.settings import Settings
from jobs.tier_customers import COMMANDS
from tests.conftest import CHECKOUT

FOLDERS = (".github", "conf", "scripts", "sql", "tests")
PAGES = sorted(
    [*CHECKOUT.glob("*.md"), *(page for name in FOLDERS for page in (CHECKOUT / name).rglob("*.md"))]
)
WORKFLOWS = sorted((CHECKOUT / ".github/workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)


def text_of(page: Path) -> str:
    """A page without its blocks of code, which may be of things that are to be made."""
    return FENCED.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub links to them."""
    headings = re.findall(r"^#+ (.*)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", text_of(page))
    broken = []
    for link in links:
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if "://" not in link and (not target.exists() or (anchor and anchor not in anchors(target))):
            broken.append(link)
    assert broken == []


@each_page
def test_files_that_pages_name_are_there(page: Path) -> None:
    text = text_of(page)
    paths = re.findall(r"`((?:jobs|sql|conf|tests|scripts)/[\w/.-]+\.[a-z0-9]+)`", text)
    assert [path for path in paths if not (CHECKOUT / path).exists()] == []
    modules = {file.name for name in ("jobs", "scripts", "tests") for file in (CHECKOUT / name).rglob("*.py")}
    assert set(re.findall(r"`(\w+\.py)`", text)) - modules == set()
    steps = {file.name for file in (CHECKOUT / "sql").rglob("*.sql")}
    assert set(re.findall(r"`(?:\w+/)*((?!spark\.)\w+\.sql)`", text)) - steps == set()


def classes() -> dict[str, set[str]]:
    """What each class of the project has, by its name; classes of one name together."""
    found: dict[str, set[str]] = {}
    for module in pkgutil.walk_packages(jobs.__path__, "jobs."):
        for name, kind in inspect.getmembers(import_module(module.name), inspect.isclass):
            if kind.__module__ == module.name:
                found.setdefault(name, set()).update(dir(kind), getattr(kind, "__annotations__", {}))
    return found


@each_page
def test_names_of_the_program_that_pages_name_are_there(page: Path) -> None:
    text = page.read_text()
    imported = re.findall(r"from (jobs[\w.]*) import ([\w, ]+)", text)
    dotted = {f"{module}.{name}" for module, names in imported for name in names.split(", ")}
    dotted |= set(re.findall(r"`(jobs(?:\.\w+)+)", text))
    missing = []
    for name in dotted:
        try:
            pkgutil.resolve_name(name)
        except (ImportError, AttributeError):
            missing.append(name)
    assert missing == []
    of_classes = re.findall(r"`([A-Z]+[a-z]\w*)\.(\w+)", text)
    there = classes() if of_classes else {}
    assert [pair for pair in of_classes if pair[1] not in there.get(pair[0], ())] == []
    constants = re.findall(r"`([A-Z]+(?:_[A-Z]+)*)` in\s+`(jobs/[\w/]+\.py)`", text)
    assert [pair for pair in constants if f"\n{pair[0]} = " not in (CHECKOUT / pair[1]).read_text()] == []


@each_page
def test_tests_that_pages_name_are_there(page: Path) -> None:
    there = "\n".join(file.read_text() for file in (CHECKOUT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", page.read_text())
    assert [name for name in named if f"def {name}(" not in there] == []


@each_page
def test_commands_and_targets_that_pages_name_are_there(page: Path) -> None:
    text = page.read_text()
    assert (
        set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", text, re.M)) <= TARGETS
    )
    assert set(re.findall(r"[`/]customer-tiers ([a-z][a-z-]*)", text)) <= set(COMMANDS)


@pytest.mark.parametrize("page", ["README.md", "conf/README.md"])
def test_configurations_on_pages_are_valid(page: str) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (CHECKOUT / page).read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        content = {"output": {"path": "/data/out"}, "model": "any", **yaml.safe_load(block)}
        for name in ("fct_revenues", "dim_accounts"):
            source = content.setdefault("sources", {}).setdefault(name, {})
            if not {"path", "table", "query"} & set(source):
                source["path"] = "/data/in"
        assert Settings.model_validate(content)


def test_the_readme_is_short_and_begins_with_the_plain_query() -> None:
    readme = (CHECKOUT / "README.md").read_text()
    words = [word for word in readme.split() if re.search(r"\w", word)]
    assert len(words) < 1_300
    first = next(link for link in re.findall(r"\]\(([^)]+)\)", readme))
    assert first == "sql/reference/customer_tiers.sql"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, left = set(), [CHECKOUT / "README.md"]
    while left:
        page = left.pop()
        reached.add(page)
        found = {
            (page.parent / link.partition("#")[0]).resolve()
            for link in re.findall(r"\]\(([^)\s]+\.md[^)\s]*)\)", text_of(page))
            if "://" not in link
        }
        left += found - reached
    assert set(PAGES) - reached == set()


def test_the_version_is_the_newest_of_the_changelog() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    released = re.findall(
        r"^## \[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)$", (CHECKOUT / "CHANGELOG.md").read_text(), re.M
    )
    assert ".".join(released[0][:3]) == project["version"]
    versions = [tuple(map(int, release[:3])) for release in released]
    assert versions == sorted(versions, reverse=True)
    dates = [release[3] for release in released]
    assert dates == sorted(dates, reverse=True)


def commands_of(workflow: dict[str, Any]) -> list[str]:
    """The commands that a workflow runs, one for each value of a matrix."""
    commands = []
    for job in workflow["jobs"].values():
        values = job.get("strategy", {}).get("matrix", {}).get("target", [""])
        runs = [step["run"] for step in job["steps"] if "run" in step]
        commands += [run.replace("${{ matrix.target }}", value) for run in runs for value in values]
    return commands


@each_workflow
def test_workflows_run_targets_of_the_makefile(workflow: Path) -> None:
    commands = commands_of(yaml.safe_load(workflow.read_text()))
    assert commands
    for command in commands:
        make, *targets = command.split()
        assert make == "make"
        assert targets
        assert set(targets) <= TARGETS


@each_workflow
def test_workflows_pin_what_they_use_and_may_only_read(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text())
    assert content["permissions"] == {"contents": "read"}
    used = [step["uses"] for job in content["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert [use for use in used if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", use)] == []
    assert "://" not in workflow.read_text()


def test_some_workflow_runs_every_kind_of_test() -> None:
    run = {command for file in WORKFLOWS for command in commands_of(yaml.safe_load(file.read_text()))}
    kinds = {target for target in TARGETS if target.startswith("test")} | {"check", "audit", "package"}
    assert {f"make {target}" for target in kinds} <= run


def test_hooks_are_the_checks_with_the_tools_of_the_environment() -> None:
    [repository] = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    checks = (CHECKOUT / "Makefile").read_text().split("\ncheck:")[1].split("\n\n")[0]
    tools = re.findall(r"@\$\(BIN\)/(\w+(?: check| format| lint)?)", checks)
    assert len(tools) == 4
    hooks = [hook["entry"].removeprefix(".venv/bin/") for hook in repository["hooks"]]
    assert [hook for hook, tool in zip(hooks, tools, strict=True) if not hook.startswith(tool)] == []


def test_public_names_can_be_imported_and_start_nothing_heavy() -> None:
    assert jobs.core.__all__ == ["ROOMS", "explanation", "readers"]
    assert (CHECKOUT / "jobs/py.typed").is_file()
    code = (
        "import sys, jobs.core.runtime.java\n"
        "assert not {'pyspark', 'pydantic', 'yaml', 'rich'} & set(sys.modules)\n"
        "from jobs.core import *\n"
        "assert callable(readers.published) and callable(explanation.score_components_query)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=CHECKOUT)

"""Outputs of earlier versions, as tests/data/outputs keeps them: upgraded, read, and published further."""

import json
import shutil
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs import publish, reproduce, upgrade
from jobs.core.config.model import load_model
from jobs.core.delta.making import LAYOUT, LAYOUT_VERSION
from jobs.core.publish.provenance import SEMANTICS
from jobs.core.publish.readers import published
from tests.aging import age
from tests.conftest import CHECKOUT, Row
from tests.core.publish.test_upgrading import RENAMED
from tests.registered import assert_as_registered

pytestmark = pytest.mark.long

ARCHIVES = sorted((CHECKOUT / "tests/data/outputs").glob("*.tar.xz"))
MODELS = ("profitability_adherence", "value_potential_strategic")
DATES = (date(2024, 6, 30), date(2024, 9, 30), date(2024, 12, 31))
NEXT = date(2025, 3, 31)
SEGMENTS = "value_potential_strategic/customer_segments"


@dataclass(frozen=True)
class Upgraded:
    """An output as an earlier version left it, and where it was carried to."""

    spark: SparkSession
    folder: Path

    @property
    def old(self) -> Path:
        return self.folder / "output"

    @property
    def new(self) -> Path:
        return self.folder / "new"

    def config(self, output: Path) -> str:
        content = {
            "sources": {
                name: {"path": str(self.folder / "sample" / name)}
                for name in ("fct_revenues", "dim_accounts", "dim_customers")
            },
            "output": {"path": str(output)},
            "customer_key": "customer_id",
            "models": list(MODELS),
        }
        file = self.folder / f"{output.name}.yaml"
        file.write_text(yaml.safe_dump(content))
        return str(file)


def plain(table: DeltaTable, as_of: date | None = None) -> list[Row]:
    """Rows of a table, of one date or all."""
    rows: list[Row] = table.to_pyarrow_table().to_pylist()
    return [row for row in rows if as_of is None or row["as_of"] == as_of]


def in_order(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Rows as texts, so that they can be compared whatever their order."""
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)


def events(output: Path) -> list[Row]:
    """What `runs` tells, as it happened, maps as dicts."""
    rows = sorted(plain(DeltaTable(output / "runs")), key=lambda row: row["happened_at"])
    maps = (
        "source_versions",
        "source_files",
        "source_rows",
        "table_versions",
        "row_counts",
        "content_hashes",
    )
    return [{**row, **{name: dict(row[name]) for name in maps}} for row in rows]


def last_published(output: Path) -> dict[tuple[str, date], Row]:
    """The last event of each date: here each was published once."""
    return {(row["model"], row["as_of"]): row for row in events(output) if row["status"] == "published"}


def by_new_names(table: str, rows: Iterable[Row]) -> list[Row]:
    names = RENAMED.get(table, {})

    def value(name: str, old: Any) -> Any:
        return [names.get(each, each) for each in old] if name == "not_decided" else old

    return [{names.get(name, name): value(name, old) for name, old in row.items()} for row in rows]


def layout_of(output: Path) -> str:
    """The layout of its tables, as `runs` tells it."""
    return DeltaTable(output / "runs").metadata().configuration[LAYOUT]


def files(folder: Path) -> dict[str, tuple[int, float]]:
    return {str(file): (file.stat().st_size, file.stat().st_mtime) for file in folder.rglob("*")}


@pytest.fixture(scope="module", params=ARCHIVES, ids=lambda archive: archive.name.removesuffix(".tar.xz"))
def upgraded(
    request: pytest.FixtureRequest, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Upgraded:
    folder = tmp_path_factory.mktemp("upgrade")
    with tarfile.open(request.param) as packed:
        packed.extractall(folder, filter="data")
    # Older than Delta lets anybody read old versions of tables that don't say how long it may.
    age(9, folder / "output")
    found = Upgraded(spark, folder)
    log = ("--log-file", str(folder / "job.log"))
    if layout_of(found.old) == LAYOUT_VERSION:
        shutil.copytree(found.old, found.new)  # published to further as it is
    else:
        before = files(found.old)
        assert upgrade.run(["--from", str(found.old), "--to", str(found.new), *log]) == 0
        # What is refused writes nothing either.
        assert publish.run(["--config", found.config(found.old), "--as-of", str(NEXT), *log]) == 2
        assert upgrade.run(["--from", str(found.old), "--to", str(found.new), *log]) == 2
        assert files(found.old) == before, "the earlier output is as it was"
    given = ["--config", found.config(found.new), "--as-of", str(NEXT), "--no-summary"]
    assert publish.run([*given, *log]) == 0
    return found


def test_every_table_of_every_date_has_the_rows_that_it_had(upgraded: Upgraded) -> None:
    before, now = last_published(upgraded.old), last_published(upgraded.new)
    assert set(before) == {(model, day) for model in MODELS for day in DATES}
    assert set(now) == set(before) | {(model, NEXT) for model in MODELS}
    for (model, day), was in before.items():
        versions = now[model, day]["table_versions"]
        assert set(versions) == set(was["table_versions"])
        for table, version in was["table_versions"].items():
            old = DeltaTable(upgraded.old / model / table, version=version)
            new = DeltaTable(upgraded.new / model / table, version=versions[table])
            rows = by_new_names(table, plain(old, as_of=day))
            assert len(rows) == was["row_counts"][table]
            # Columns that a later snapshot brought are NULL in the earlier ones.
            kept = [
                {name: row[name] for name in row if row[name] is not None} for row in plain(new, as_of=day)
            ]
            expected = [{name: row[name] for name in row if row[name] is not None} for row in rows]
            assert in_order(kept) == in_order(expected), (model, table, day)


def test_readers_see_the_earlier_dates(upgraded: Upgraded) -> None:
    day = DATES[1]
    for model in MODELS:
        told = last_published(upgraded.old)[model, day]["table_versions"]
        for table, version in told.items():
            frame = published(upgraded.spark, table, day, path=str(upgraded.new), model=model)
            found = [row.asDict(recursive=True) for row in frame.collect()]
            old = by_new_names(
                table, plain(DeltaTable(upgraded.old / model / table, version=version), as_of=day)
            )
            named = [{name: value for name, value in row.items() if name in old[0]} for row in found]
            assert in_order(named) == in_order(old), (model, table)


def test_tables_are_as_the_registry_tells(upgraded: Upgraded) -> None:
    for model in MODELS:
        assert assert_as_registered(upgraded.new / model, load_model(model))
    assert layout_of(upgraded.new) == LAYOUT_VERSION


def test_runs_tell_what_they_told(upgraded: Upgraded) -> None:
    before = events(upgraded.old)
    now = [event for event in events(upgraded.new) if event["as_of"] != NEXT]
    other = {"table_versions", "content_hashes", "source_versions", "configuration", "configuration_hash"}
    kept = before[0].keys() - other
    assert [{name: event[name] for name in kept} for event in now] == [
        {name: event[name] for name in kept} for event in before
    ]
    for was, new in zip(before, now, strict=True):
        differing = {
            table for table, its in was["content_hashes"].items() if new["content_hashes"][table] != its
        }
        assert differing <= {"engagement_models"}, "its values are names of columns"
        assert new["source_versions"].keys() == was["source_versions"].keys() - (
            set() if was["table_versions"] else {"tier_decisions"}
        )
        assert json.loads(new["configuration"])["settings"] == json.loads(was["configuration"])["settings"]
        assert "_a_csm" not in new["configuration"]


def test_decisions_and_quality_are_carried_over(upgraded: Upgraded) -> None:
    decisions = "value_potential_strategic/tier_decisions"
    recorded = plain(DeltaTable(upgraded.old / decisions))
    assert len(recorded) == 1
    assert plain(DeltaTable(upgraded.new / decisions)) == recorded
    quality = plain(DeltaTable(upgraded.old / "data_quality"))
    assert quality
    carried = [row for row in plain(DeltaTable(upgraded.new / "data_quality")) if row["as_of"] != NEXT]
    assert in_order(carried) == in_order(quality)


def test_the_next_date_is_compared_with_the_last_and_nothing_else_anew(upgraded: Upgraded) -> None:
    before, now = last_published(upgraded.old), last_published(upgraded.new)
    after = [event for event in events(upgraded.new) if event["as_of"] == NEXT]
    assert len(events(upgraded.new)) == len(events(upgraded.old)) + len(after)
    assert [event["status"] for event in after if event["model"] == MODELS[0]] == ["started", "published"]
    for model in MODELS:
        assert now[model, NEXT]["previous_run_id"] == before[model, DATES[-1]]["run_id"]
        moved = plain(DeltaTable(upgraded.new / model / "tier_migration"), as_of=NEXT)
        assert moved
        assert {row["previous_as_of"] for row in moved} == {DATES[-1]}
        summary = plain(DeltaTable(upgraded.new / model / "tier_migration_summary"), as_of=NEXT)
        tiers = plain(DeltaTable(upgraded.old / model / "customer_tiers"), as_of=DATES[-1])
        total = next(row for row in summary if row["movement"] == "total")
        assert total["revenue_before"] == sum(row["total_revenue"] for row in tiers)


def test_memory_goes_on(upgraded: Upgraded) -> None:
    last = plain(DeltaTable(upgraded.old / SEGMENTS), as_of=DATES[-1])
    now = {row["customer_key"]: row for row in plain(DeltaTable(upgraded.new / SEGMENTS), as_of=NEXT)}
    assert now.keys() >= {row["customer_key"] for row in last}, "customers who were scored once are known"
    told = last_published(upgraded.new)
    assert (
        told[MODELS[1], NEXT]["previous_segments_hash"]
        == (last_published(upgraded.old)[MODELS[1], DATES[-1]]["content_hashes"]["customer_segments"])
    )
    # The override was recorded before the last date, and expires later.
    (decision,) = plain(DeltaTable(upgraded.old / MODELS[1] / "tier_decisions"))
    decided = now[decision["customer_key"]]
    assert decided["is_scored"]
    assert (decided["computed_value_segment"], decided["value_segment"]) != ("Enterprise", None)
    assert decided["value_segment"] == decision["value"]
    # Held back by its streak, or since when: a customer whose health was above the limit then still is.
    above = {row["customer_key"]: row["above_since"] for row in last if row["above_since"] is not None}
    assert all(now[key]["above_since"] in {since, None} for key, since in above.items())


def test_an_earlier_run_is_not_reproduced_by_another_semantics(
    upgraded: Upgraded, capsys: pytest.CaptureFixture[str]
) -> None:
    run = last_published(upgraded.old)[MODELS[0], DATES[0]]
    semantics = run.get("semantics") or 1
    if semantics == SEMANTICS:
        pytest.skip("its runs are reproduced where their sources lie")
    given = ["--config", upgraded.config(upgraded.new), "--log-file", str(upgraded.folder / "job.log")]
    assert reproduce.run([run["run_id"], *given]) == 3
    said = capsys.readouterr().err
    assert (
        f"run {run['run_id']} was made by version {run['code_version']} with semantics {semantics}; " in said
    )
    assert "install it to reproduce" in said

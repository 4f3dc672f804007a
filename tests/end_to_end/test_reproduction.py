"""A published run can be computed again from what it recorded, and says so if it can't."""

import os
import shutil
from pathlib import Path

import pytest
import yaml

from jobs.core.delta.tables import OutputTables
from tests.conftest import CHECKOUT, Workspace, active, fact

FLAGS = [{"flag": "REGULAR", "recommended_action": "Standard monitoring"}]
QUERY = "SELECT *, 'North' AS region FROM booked -- {note}\n"


def reproduced(workspace: Workspace, run_id: str, *options: str) -> int:
    return workspace.reproduce(run_id, *options)


def commits(output: Path) -> dict[Path, float]:
    """All commits below a folder, with their times."""
    return {file: file.stat().st_mtime for file in output.rglob("_delta_log/*.json")}


def test_a_run_is_reproduced_in_a_copy_with_the_columns_that_it_had(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources([fact("Ann"), fact("Bob", revenue="50")], active("Ann", "Bob"))
    shipped = yaml.safe_load((CHECKOUT / "conf/models/profitability_adherence.yaml").read_text())
    few = [line for line in shipped["components"] if line["score"] == "profitability"]
    grown = [*few, {"score": "reach", "metric": "total_accounts", "weight": 1}]
    workspace.configure(
        model=workspace.model(components=few, tiers=[{"tier": "A", "name": "All"}], flags=FLAGS)
    )
    assert workspace.run("2024-12-31") == 0
    run_id = workspace.published()[-1]["run_id"]
    # The model gains a component, the tables its columns; sources and configuration are others by now.
    workspace.configure(
        model=workspace.model(components=grown, tiers=[{"tier": "A", "name": "All"}], flags=FLAGS),
        migration={"list_unchanged": True},
    )
    workspace.write_sources([fact("Zoe"), fact("Yan")], active("Zoe", "Yan"))
    assert workspace.run("2024-12-31") == 0
    output, copy = workspace.folder / "output", workspace.folder / "copy"
    shutil.copytree(output, copy)
    before = commits(output)
    there = ["--set", f"output.path={copy}"]
    capsys.readouterr()

    assert reproduced(workspace, run_id, *there) == 0

    assert capsys.readouterr().err.count("the same: ") == 6
    assert commits(output) == before, "production is not touched"

    with monkeypatch.context() as patched:
        patched.setattr("jobs.core.publish.reproduction.SEMANTICS", 99)
        assert reproduced(workspace, run_id, *there) == 3
    said = capsys.readouterr().err
    assert "with semantics " in said
    assert "; install it to reproduce" in said

    def conflict(*_: object, **__: object) -> None:
        raise RuntimeError("DELTA_CONCURRENT_APPEND")

    with monkeypatch.context() as patched:
        patched.setattr(OutputTables, "replace", conflict)
        assert reproduced(workspace, run_id, *there) == 1
    assert "run again" in capsys.readouterr().err

    elsewhere = {name: {"path": f"elsewhere/{name}"} for name in ("fct_revenues", "dim_accounts")}
    workspace.configure(sources=elsewhere, output={"path": "copy"}, allowed_roots=["elsewhere", "copy"])
    assert reproduced(workspace, run_id) == 2
    assert "the run's configuration: must have all paths inside allowed_roots" in capsys.readouterr().err


def test_files_and_queries_that_changed_are_told(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workspace.folder
    workspace.write_sources([fact("Ann"), fact("Bob", revenue="50")], active("Ann", "Bob"))
    for name in ("fct_revenues", "dim_accounts"):
        rows = workspace.table(name, ".")
        rows.drop("region").coalesce(1).write.parquet(str(folder / f"{name} [1] 100%.parquet"))
    (folder / "map.sql").write_text(QUERY.format(note="one"))
    parquet = {"format": "parquet"}
    workspace.configure(
        sources={
            "fct_revenues": {
                "query": "map.sql",
                "inputs": {"booked": {"path": "fct_revenues [1] 100%.parquet", **parquet}},
            },
            "dim_accounts": {"path": "dim_accounts [1] 100%.parquet", **parquet},
        }
    )
    assert workspace.run("2024-12-31") == 0
    run_id = workspace.published()[-1]["run_id"]

    (folder / "map.sql").write_text(QUERY.format(note="two"))
    assert reproduced(workspace, run_id) == 3
    assert "the text of fct_revenues.query is another than the run read" in capsys.readouterr().err

    (folder / "map.sql").write_text(QUERY.format(note="one"))
    file = next((folder / "dim_accounts [1] 100%.parquet").glob("*.parquet"))
    os.utime(file, (1, 1))
    assert reproduced(workspace, run_id) == 3
    assert "files of" in capsys.readouterr().err


@pytest.mark.long
def test_a_run_is_reproduced_until_its_source_is_vacuumed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources(
        [fact("Ann"), fact("Ann", "2024-09-01"), fact("Bob", revenue="50")], active("Ann", "Bob")
    )
    workspace.configure()
    assert workspace.run("2024-09-30", "2024-12-31") == 0
    run_id = workspace.published()[-1]["run_id"]
    events = workspace.table("runs").count()

    # The sources and the configuration are others by now.
    workspace.write_sources([fact("Zoe")], active("Zoe"))
    workspace.configure(migration={"list_unchanged": True})
    assert reproduced(workspace, run_id) == 0
    said = capsys.readouterr().err
    assert said.count("the same: ") == 6
    assert "is reproduced: all content hashes are the same" in said
    assert workspace.table("runs").count() == events

    with monkeypatch.context() as patched:
        patched.setattr(OutputTables, "hash_of", lambda *_: "0")
        assert reproduced(workspace, run_id) == 3
    assert "is not reproduced: profitability_adherence.customer_tiers" in capsys.readouterr().err

    workspace.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    workspace.spark.sql(f"VACUUM delta.`{workspace.folder / 'fct_revenues'}` RETAIN 0 HOURS")
    workspace.spark.conf.unset("spark.databricks.delta.retentionDurationCheck.enabled")
    assert reproduced(workspace, run_id) == 3
    said = capsys.readouterr().err
    assert "what it read is gone (vacuumed, or moved). sources.fct_revenues: the file " in said
    assert "run again" not in said

    assert reproduced(workspace, "no such run") == 2
    assert "RUN_ID: must be the run_id of a published run, got 'no such run'" in capsys.readouterr().err

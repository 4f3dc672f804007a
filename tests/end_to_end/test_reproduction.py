"""A published run can be computed again from what it recorded, and says so if it can't."""

import pytest

from jobs.core.tables import OutputTables
from tests.conftest import Workspace, active, fact


def reproduced(workspace: Workspace, run_id: str) -> int:
    return workspace.run(options=["--reproduce", run_id])


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
    assert "what it read is gone (vacuumed, or moved)" in capsys.readouterr().err

    assert reproduced(workspace, "no such run") == 2
    assert "--reproduce: must be the run_id of a published run, got 'no such run'" in capsys.readouterr().err

"""The shipped example on real invoices, end to end, against the reference."""

from datetime import date

import pytest

from jobs.core.config.settings import load_settings
from jobs.core.sources.opening import open_sources
from jobs.core.sources.source_versions import SourceVersions
from tests.conftest import CHECKOUT, Workspace
from tests.end_to_end.test_against_reference import assert_comparison, assert_snapshot
from tests.reference.snapshots import snapshot

DATES = (date(2011, 9, 30), date(2011, 12, 9))


@pytest.mark.long
def test_real_invoices_are_mapped_and_tiered(workspace: Workspace) -> None:
    config = CHECKOUT / "conf/online_retail.yaml"
    workspace.config.write_text(config.read_text().replace("../", f"{CHECKOUT}/"))
    output = workspace.folder / "output"

    assert workspace.run(*DATES, options=["--set", f"output.path={output}"]) == 0

    sources = open_sources(workspace.spark, load_settings(config, []), SourceVersions())
    facts = [
        {**row.asDict(), "customer_id": row["customer_key"]} for row in sources["fct_revenues"].collect()
    ]
    accounts = [row.asDict() for row in sources["dim_accounts"].collect()]
    assert len(facts) == 28_000
    snapshots = [snapshot(facts, accounts, day, customer_key="customer_id") for day in DATES]
    for each in snapshots:
        assert_snapshot(workspace, each)
    assert_comparison(workspace, snapshots[1], snapshots[0])
    assert {row["tier"] for row in workspace.rows("customer_tiers", DATES[1])} == {"A", "B", "C", "D"}
    assert any(row["total_revenue"] < 0 for row in workspace.rows("customer_tiers", DATES[1])), (
        "refunds count"
    )

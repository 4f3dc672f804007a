"""The same inputs give the same rows, however they are laid out, divided and ranked."""

from datetime import date
from random import Random

from tests.conftest import Workspace
from tests.generate import hostile_inputs

AS_OF = date(2024, 5, 31)


def test_rows_do_not_depend_on_partitions_or_the_order_of_the_input(workspace: Workspace) -> None:
    facts, accounts = hostile_inputs(seed=8, as_of=AS_OF)
    hashes = []
    before = workspace.spark.conf.get("spark.sql.shuffle.partitions")
    try:
        # Once each peer group is ranked by a task, twice nobody is: the ranks are counted.
        for shuffle_partitions, files, plain_up_to in ((1, 1, 10**9), (7, 5, 0), (64, 3, 0)):
            workspace.configure(ranking={"plain_up_to": plain_up_to})
            Random(shuffle_partitions).shuffle(facts)
            Random(shuffle_partitions).shuffle(accounts)
            workspace.write_sources(facts, accounts, partitions=files)
            workspace.spark.conf.set("spark.sql.shuffle.partitions", str(shuffle_partitions))
            # Without it Spark would merge these small partitions into one again.
            workspace.spark.conf.set("spark.sql.adaptive.coalescePartitions.enabled", "false")
            output = f"output-{shuffle_partitions}"
            assert workspace.run(AS_OF, options=["--set", f"output.path={workspace.folder / output}"]) == 0
            hashes.append(workspace.published(output)[0]["content_hashes"])
    finally:
        workspace.spark.conf.set("spark.sql.shuffle.partitions", before)
        workspace.spark.conf.unset("spark.sql.adaptive.coalescePartitions.enabled")

    assert hashes[0] == hashes[1] == hashes[2]
    assert len(hashes[0]) == 6

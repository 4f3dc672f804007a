"""Makes the data of one size: sample data, its facts laid out by date as a table that grew over time.

A program of its own, run by scripts/benchmark.py: folder, customers, mean facts of each, version of the
generator. What it makes is described in data.json, written last.
"""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

from deltalake import DeltaTable

from jobs.core.runtime.logs import default_log_file
from jobs.core.runtime.session import open_session

SAMPLE_DATA = Path(__file__).parents[1] / "make_sample_data.py"
PERIOD = ("--start", "2023-07-01", "--until", "2024-12-31")
FACTS_A_FILE = 2_000_000


def main() -> None:
    """Makes the data in the folder that is given, of the size that is given."""
    folder, customers, events_per_customer, generator = Path(sys.argv[1]), *sys.argv[2:5]
    generated, facts = folder / "generated", folder / "fct_revenues"
    size = ("--customers", customers, "--events-per-customer", events_per_customer)
    subprocess.run([sys.executable, SAMPLE_DATA, "--output", generated, *size, *PERIOD], check=True)

    spark = open_session("customer-tiers benchmark data", default_log_file())
    rows = spark.read.format("delta").load(str(generated / "fct_revenues"))
    files = math.ceil(rows.count() / FACTS_A_FILE)
    # The hash spreads the facts of a day over files, where one file doesn't hold them all.
    by_date = rows.selectExpr("*", "xxhash64(customer_id, account_id, event_date) AS spread")
    by_date = by_date.repartitionByRange(files, "event_date", "spread").drop("spread")
    by_date.write.format("delta").save(str(facts))
    spark.stop()
    (generated / "dim_accounts").rename(folder / "dim_accounts")
    shutil.rmtree(generated)

    described = {"generator": generator}
    for table in ("fct_revenues", "dim_accounts"):
        files_of_table = DeltaTable(folder / table).get_add_actions(flatten=True)
        described[f"{table}_rows"] = sum(files_of_table["num_records"].to_pylist())
        described[f"{table}_bytes"] = sum(files_of_table["size_bytes"].to_pylist())
    (folder / "data.json").write_text(json.dumps(described))


if __name__ == "__main__":
    main()

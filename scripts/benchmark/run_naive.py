"""The same result by a plain port to Spark: one query, one Delta table, the job's own session settings.

A program of its own, run by scripts/benchmark.py: tables, output table, date, log file.
"""

import sys
from datetime import date
from pathlib import Path

from jobs.core.runtime.session import open_session


def main() -> None:
    """Writes the result of naive.sql."""
    data, output, as_of, log_file = Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
    spark = open_session("customer-tiers naive port", log_file)
    for table in ("fct_revenues", "dim_accounts"):
        spark.read.format("delta").load(str(data / table)).createOrReplaceTempView(table)
    query = Path(__file__).with_name("naive.sql").read_text()
    result = spark.sql(query, args={"as_of": date.fromisoformat(as_of)})
    result.write.format("delta").save(output)


if __name__ == "__main__":
    main()

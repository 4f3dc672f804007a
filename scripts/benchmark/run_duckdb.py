"""The same result by DuckDB, in one process: reads the Delta tables' files, writes a Parquet file a date.

A program of its own, run by scripts/benchmark.py: tables, output folder, dates, folder for what doesn't fit.
"""

import os
import sys
from pathlib import Path

import duckdb
from deltalake import DeltaTable


def main() -> None:
    """Writes the result of duckdb.sql, asked for each date."""
    data, output, dates, spill = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    output.mkdir()
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": str(os.cpu_count()),
        "memory_limit": "14GB",
        "preserve_insertion_order": "false",
        "temp_directory": spill,
    }
    with duckdb.connect(config=settings) as connection:
        for table in ("fct_revenues", "dim_accounts"):
            connection.read_parquet(DeltaTable(data / table).file_uris()).create_view(table)
        query = Path(__file__).with_name("duckdb.sql").read_text()
        for as_of in dates.split(","):
            connection.execute("SET VARIABLE as_of = CAST($as_of AS DATE)", {"as_of": as_of})
            connection.sql(query).write_parquet(str(output / f"{as_of}.parquet"), compression="snappy")


if __name__ == "__main__":
    main()

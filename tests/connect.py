"""A Spark Connect server on this machine, and commands that work through it in processes of their own.

Of their own, since a process of Python is either classic or a client of Connect.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark

from jobs.core.runtime.java import use_java
from tests.conftest import CHECKOUT

SUBMIT = Path(pyspark.__file__).parent / "bin" / "spark-submit"
SETTINGS = {
    "spark.master": "local[2]",
    "spark.driver.memory": "2g",
    "spark.connect.grpc.binding.address": "localhost",
    "spark.connect.grpc.binding.port": "0",  # any that is free
    "spark.log.level": "INFO",  # of which one line tells the port
    "spark.sql.shuffle.partitions": "3",
}
STARTED = re.compile(r"Spark Connect server started at: \S*:(\d+)")
PATIENCE = 120  # seconds until a server listens, or ends
LONGEST = 900  # of a client


@contextmanager
def connect_server(folder: Path) -> Iterator[str]:
    """A server that keeps what it needs in a folder: its address. It ends with the context."""
    use_java()
    settings = [part for key, value in SETTINGS.items() for part in ("--conf", f"{key}={value}")]
    log = folder / "server.log"
    with log.open("w") as told:
        submitted = ("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal")
        command = [
            str(SUBMIT),
            "--properties-file",
            str(CHECKOUT / "conf/spark/local.conf"),
            *settings,
            *submitted,
        ]
        server = subprocess.Popen(command, cwd=folder, stdout=told, stderr=told)
    try:
        yield f"sc://localhost:{_port(server, log)}"
    finally:
        server.terminate()
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _port(server: "subprocess.Popen[bytes]", log: Path) -> int:
    """The port of a server, once it listens."""
    until = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < until:
        found = STARTED.search(log.read_text())
        if found:
            return int(found[1])
        time.sleep(0.1)
    raise AssertionError(f"the Connect server did not start: {log.read_text()[-3000:]}")


def through(server: str, *arguments: str | Path) -> str:
    """Runs Python, with arguments, as a client of a server; what it printed, once it has ended well."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "SPARK_REMOTE": server},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

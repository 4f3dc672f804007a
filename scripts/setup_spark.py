"""Finds or fetches Java, and puts Delta's jars beside those of the installed Spark.

With the jars there a session starts at once, offline, and spark-submit needs no --packages. Spark itself
resolves them, so its usual settings (spark.jars.ivySettings, DEFAULT_ARTIFACT_REPOSITORY) lead to a mirror.
"""

import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import jdk

from jobs.core.errors import ConfigurationError
from jobs.core.java import HOW_TO_INSTALL, OLDEST, OWN_JAVA, find_java, use_java

RESOLVE = """
import sys
from pyspark.sql import SparkSession
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
builder.config("spark.jars.packages", sys.argv[1]).config("spark.jars.ivy", sys.argv[2]).getOrCreate().stop()
"""


def set_up_java() -> None:
    """Fetches a Java into the checkout if there is none that can run Spark."""
    if find_java() is not None:
        return
    try:
        jdk.install(str(OLDEST), jre=True, path=str(OWN_JAVA))
    except Exception as error:  # whatever the network does
        sys.exit(f"{HOW_TO_INSTALL}\n(Fetching one was tried too: {error})")
    if find_java() is None:
        sys.exit(HOW_TO_INSTALL)


def artifact(jar: str) -> str:
    """A jar's name without its version."""
    return jar.rsplit("-", 1)[0]


def set_up_delta(jars: Path) -> None:
    """Puts the jars that Delta needs and Spark lacks into Spark's folder."""
    release = version("delta-spark")
    if list(jars.glob(f"delta-spark_*-{release}.jar")):
        return
    spark_release = ".".join(version("pyspark").split(".")[:2])
    package = f"io.delta:delta-spark_{spark_release}_2.13:{release}"
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [sys.executable, "-c", RESOLVE, package, cache], capture_output=True, text=True, check=False
        )
        # Ivy calls a jar group_artifact-version.jar.
        found = {jar: jar.name.split("_", 1)[1] for jar in Path(cache, "jars").glob("*.jar")}
        if done.returncode or not found:
            print(done.stderr[-3000:], file=sys.stderr)
            sys.exit(f"Delta's jars could not be fetched ({package}); is a Maven repository reachable?")
        there = {artifact(jar.name) for jar in jars.glob("*.jar")}
        for jar, name in found.items():
            if artifact(name) not in there:
                shutil.copy(jar, jars / name)


def main() -> None:
    """Sets up what Spark needs."""
    set_up_java()
    try:
        use_java()
    except ConfigurationError as error:
        sys.exit(str(error))
    spark = find_spec("pyspark")
    if spark is None or spark.origin is None:
        sys.exit("pyspark is not installed in this environment: run make setup")
    set_up_delta(Path(spark.origin).parent / "jars")


if __name__ == "__main__":
    main()

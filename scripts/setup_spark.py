"""Finds or fetches Java, and puts Delta's jars beside those of the installed Spark.

With the jars there a session starts at once, offline, and spark-submit needs no --packages. Spark itself
resolves them, so its usual settings (spark.jars.ivySettings, DEFAULT_ARTIFACT_REPOSITORY) lead to a mirror.
Whatever it is, the jars must have the checksums of delta_jars.sha256.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import jdk

from jobs.core.runtime.errors import ConfigurationError
from jobs.core.runtime.java import HOW_TO_INSTALL, OLDEST, OWN_JAVA, find_java, use_java

CHECKSUMS = Path(__file__).with_name("delta_jars.sha256")
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


def sha256(file: Path) -> str:
    """The checksum of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def checksums() -> dict[str, str]:
    """The checksum of each jar that Delta needs and Spark lacks."""
    lines = (line.split() for line in CHECKSUMS.read_text().splitlines() if not line.startswith("#"))
    return {name: checksum for checksum, name in lines}


def differing(jars: Mapping[str, Path], expected: Mapping[str, str]) -> list[str]:
    """Which of the expected jars aren't there, or are others: those that were copied by half, say."""
    return [name for name, checksum in expected.items() if name not in jars or sha256(jars[name]) != checksum]


def fetched(package: str, cache: Path) -> dict[str, Path]:
    """The jars of a Maven package and those that it needs, by name, as Spark resolves them."""
    command: list[str | Path] = [sys.executable, "-c", RESOLVE, package, cache]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # Ivy calls a jar group_artifact-version.jar.
    found = {jar.name.split("_", 1)[1]: jar for jar in Path(cache, "jars").glob("*.jar")}
    if done.returncode or not found:
        print(done.stderr[-3000:], file=sys.stderr)
        sys.exit(f"Delta's jars could not be fetched ({package}); is a Maven repository reachable?")
    return found


def set_up_delta(jars: Path) -> None:
    """Puts the jars that Delta needs and Spark lacks into Spark's folder, where they aren't there whole."""
    expected = checksums()
    missing = differing({jar.name: jar for jar in jars.glob("*.jar")}, expected)
    release = version("delta-spark")
    spark_release = ".".join(version("pyspark").split(".")[:2])
    main_jar = f"delta-spark_{spark_release}_2.13-{release}.jar"
    if main_jar in expected and not missing:
        return
    with tempfile.TemporaryDirectory() as cache:
        found = fetched(f"io.delta:delta-spark_{spark_release}_2.13:{release}", Path(cache))
        if main_jar not in expected:
            there = {artifact(jar.name) for jar in jars.glob("*.jar")}
            needed = [name for name in sorted(found) if artifact(name) not in there]
            print(*(f"{sha256(found[name])}  {name}" for name in needed), sep="\n", file=sys.stderr)
            sys.exit(f"{CHECKSUMS.name} must list {main_jar} and what it needs: those above, once checked")
        wrong = differing(found, {name: expected[name] for name in missing})
        if wrong:
            sys.exit(
                f"Delta's jars were not put in place: {', '.join(wrong)} came otherwise than "
                f"{CHECKSUMS.name} lists, or not at all; is the Maven repository to be trusted?"
            )
        for name in missing:
            # Under another name first: a copy that is broken off is no jar.
            partial = jars / f"{name}.part"
            shutil.copy(found[name], partial)
            partial.replace(jars / name)


def artifact(jar: str) -> str:
    """A jar's name without its version."""
    return jar.rsplit("-", 1)[0]


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

from pyspark.sql import SparkSession

from jobs.core.runtime.functions import with_functions
from tests.sql.steps import assert_rows, table

GIVEN = "mode STRING, decision STRING, decided_value STRING, wanted_value STRING"
CASES = [
    ((None, "approve", "Top", "Top"), None),
    (("automatic", "reject", None, "Top"), "done"),
    (("manual", "approve", "Top", "Top"), "approved"),
    (("manual", "approve", "SMB", "Top"), "pending"),
    (("manual", "approve", None, "Top"), "pending"),
    (("manual", "reject", None, "Top"), "rejected"),
    (("manual", "reject", "SMB", "Top"), "rejected"),
    (("manual", "override", "Top", "Top"), "pending"),
    (("manual", None, None, "Top"), "pending"),
]


def test_a_change_is_done_decided_or_pending(spark: SparkSession) -> None:
    given = table(spark, GIVEN, [case for case, _ in CASES])

    result = given.selectExpr(
        "*", with_functions("review_status(mode, decision, decided_value, wanted_value) AS status")
    )

    assert_rows(result, f"{GIVEN}, status STRING", *((*case, status) for case, status in CASES))

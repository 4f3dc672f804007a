from pyspark.sql import SparkSession

from jobs.core.runtime.functions import with_functions
from tests.sql.steps import assert_rows, table

SPACES = [
    "\t",
    "\n",
    "\r",
    "\x0b",
    "\x0c",
    "\x85",
    "\u00a0",
    "\u1680",
    "\u2003",
    "\u2028",
    "\u202f",
    "\u3000",
]
UNSEEN = [
    "\0",
    "\x1b",
    "\x7f",
    "\u00ad",
    "\u200b",
    "\u200d",
    "\u2060",
    "\u202e",
    "\ufeff",
    "\ufe0f",
    "\u180e",
]


def test_a_text_looks_like_its_visible_characters(spark: SparkSession) -> None:
    cases = {
        "": "",
        "active": "active",
        "active\n": "active",
        "  two  words ": "two words",
        "Zu\u0308rich": "Zu\u0308rich",
        "名前": "名前",
        "\ufffd": "\ufffd",
        **{f"{space}a{space}{space}b{space}": "a b" for space in SPACES},
        **{f"{sign}a{sign}b{sign}": "ab" for sign in UNSEEN},
    }
    result = table(spark, "words STRING", [(words,) for words in [*cases, None]]).selectExpr(
        "words", with_functions("as_seen(words) AS seen")
    )
    assert_rows(result, "words STRING, seen STRING", *cases.items(), (None, None))

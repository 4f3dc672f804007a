import unicodedata

from pyspark.sql import SparkSession

from jobs.core.runtime.functions import with_functions
from tests.sql.steps import table


def test_a_text_without_visible_characters_is_blank(spark: SparkSession) -> None:
    # All that Unicode calls space, control or format, and the signs that only look like one.
    blank = [
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) in {"Zs", "Zl", "Zp", "Cc", "Cf"} or chr(code) in "\u2800\u3164"
    ]
    # Those that came with Unicode 14 or later are known to newer versions of Java alone.
    known = [sign for sign in blank if not (0x890 <= ord(sign) <= 0x891 or 0x13430 <= ord(sign) <= 0x1345F)]
    visible = ["x", " -", "é", "\ufffd"]
    given = table(spark, "words STRING", [(words,) for words in ["", " \t\u200b", *known, *visible, None]])
    told = given.selectExpr("words", with_functions("is_blank(words) AS blank")).collect()
    assert [row["words"] for row in told if not row["blank"]] == visible

"""The coarse form of a key: what looks alike has the same one, and little else has."""

import itertools
import unicodedata

import pytest
from pyspark.sql import SparkSession

from jobs.core.quality.letters import accents
from tests.sql.steps import run_step, table

ACCENTED, PLAIN = accents()
# Each line: keys that look alike, however they are written.
ALIKE = [
    ["9bc0d7e7", "9BC0D7E7"],
    ["Zürich AG", "ZÜRICH ag", unicodedata.normalize("NFD", "Zürich AG"), "  zürich\u00a0\u3000Ag\t"],
    ["ze\u200bro", "zero", "ZERO\ufeff", "\u2060zero", "zer\u00ado"],
    ["Tab", "\tTab", "tab\x00", "Tab\r\n"],
    ["ἀδελφός", unicodedata.normalize("NFD", "ἀδελφός"), "ἈΔΕΛΦΌΣ"],
    ["Ệ", "ệ", "E\u0302\u0323", "E\u0323\u0302"],
    ["한국", unicodedata.normalize("NFD", "한국")],
    ["Große Straße", "GROSSE STRASSE", "grosse straẞe"],
    ["Οδος Αβγ 1", "ΟΔΟΣ ΑΒΓ 1", "οδοσ αβγ 1"],
    ["ＡＢＣ株式会社", "abc株式会社"],
    ["I\u015f\u0131k"],  # dotless: not the i below
    ["ISIK", "isik"],
    ["日本"],
    ["日木"],
    ["Ann 1"],
    ["Ann 2"],
]


def coarse(spark: SparkSession, keys: list[str]) -> dict[str, int]:
    """The hash of each key."""
    features = table(spark, "customer_key STRING", [(key,) for key in keys])
    given = {"accented": ACCENTED, "plain": PLAIN}
    found = run_step(spark, "quality", "coarse_keys", {"customer_features": features}, **given).collect()
    assert len(found) == len(keys)
    return {row["customer_key"]: row["coarse"] for row in found}


def seen(key: str) -> str:
    """A key to the eye: one form of accents, no difference of case, of white space or of what isn't seen."""
    kept = (
        " " if each.isspace() else each
        for each in key
        if each.isspace() or unicodedata.category(each)[0] != "C"
    )
    return unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFKD", " ".join("".join(kept).split())).casefold()
    )


def test_keys_that_look_alike_share_it(spark: SparkSession) -> None:
    keys = list(dict.fromkeys(itertools.chain(*ALIKE)))
    found = coarse(spark, keys)
    for alike in ALIKE:
        assert len({found[key] for key in alike}) == 1, alike
    for one, other in itertools.combinations(keys, 2):
        if seen(one) == seen(other):
            assert found[one] == found[other], (one, other)


def test_every_letter_shares_it_with_its_other_forms(spark: SparkSession) -> None:
    """Those of one letter alone: a ligature is not taken apart, but for the sharp s."""
    letters = [each for each in map(chr, range(0x80, 0x20000)) if unicodedata.category(each)[0] == "L"]
    pairs = [
        (each, other)
        for each in letters
        for other in {
            unicodedata.normalize("NFD", each),
            unicodedata.normalize("NFKC", each),
            each.lower(),
            each.upper(),
        }
        if each != other and seen(each) == seen(other) and is_one_letter(each)
    ]
    assert len(pairs) > 15_000
    found = coarse(spark, sorted({each for pair in pairs for each in pair}))
    assert [pair for pair in pairs if found[pair[0]] != found[pair[1]]] == []


def is_one_letter(text: str) -> bool:
    hangul = "\uac00" <= text <= "\ud7a3"
    return hangul or sum(unicodedata.category(each)[0] != "M" for each in seen(text)) == 1


def test_keys_of_other_letters_do_not_share_it(spark: SparkSession) -> None:
    keys = ["Ann 1", "Ann 2", "日本", "日木", "Müller", "Möller", "", "1", "11", "Анна", "Anna"]
    assert len(set(coarse(spark, keys).values())) == len(keys)


@pytest.mark.parametrize("blank", ["", " ", "\u200b", "\u3000"], ids=ascii)
def test_a_key_that_shows_nothing_has_one_too(spark: SparkSession, blank: str) -> None:
    assert None not in coarse(spark, [blank]).values()

"""What the documented reader says of a wrong table. Starts no Spark."""

from datetime import date
from typing import Any, cast

import pytest

from jobs.core.readers import published
from jobs.core.runtime.errors import ConfigurationError


def test_a_table_that_is_misspelt_is_told_the_nearest_one() -> None:
    no_session = cast("Any", None)
    with pytest.raises(
        ConfigurationError,
        match=r"^table: must be one of .*, got 'customer_tier'; did you mean 'customer_tiers'\?$",
    ):
        published(no_session, "customer_tier", date(2024, 12, 31), path="out")

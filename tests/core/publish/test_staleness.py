"""Which published days must be compared anew: by what is recorded of them alone, without a session."""

from dataclasses import replace
from datetime import date

from jobs.core.delta.written import WrittenTable
from jobs.core.publish.decisions import TABLE as DECISIONS
from jobs.core.publish.snapshot import Snapshot
from jobs.core.publish.staleness import SEGMENTS, previous_of, stale_days
from jobs.core.sources.source_versions import SourceVersions

DAYS = [date(2024, month, 28) for month in (1, 2, 3, 4)]


def history(decisions: int | None = None) -> dict[date, Snapshot]:
    """Four days, each compared with the one before; with segments if a version of decisions is given."""
    found: dict[date, Snapshot] = {}
    previous = None
    for number, day in enumerate(DAYS):
        snapshot = Snapshot(
            day, f"run {number}", SourceVersions(), previous_run_id=previous and previous.run_id
        )
        if decisions is not None:
            remembered = previous.written[SEGMENTS].content_hash if previous else None
            snapshot = replace(
                snapshot,
                source_versions=SourceVersions({DECISIONS: decisions}),
                written={SEGMENTS: WrittenTable(1, 1, f"hash {number}", "run")},
                previous_segments_hash=remembered,
            )
        found[day] = previous = snapshot
    return found


def test_days_that_follow_one_another_are_not_stale() -> None:
    assert stale_days(history()) == []
    assert stale_days(history(decisions=3)) == []
    assert stale_days({}) == []
    assert previous_of(history(), DAYS[0]) is None
    found = previous_of(history(), date(2024, 3, 1))
    assert found
    assert found.as_of == DAYS[1]


def test_a_day_published_again_before_or_withdrawn_makes_the_next_stale_wherever_it_is() -> None:
    again = history()
    again[DAYS[1]] = replace(again[DAYS[1]], run_id="another")
    assert stale_days(again) == [DAYS[2]]

    withdrawn = history()
    del withdrawn[DAYS[0]], withdrawn[DAYS[2]]
    assert stale_days(withdrawn) == [DAYS[1], DAYS[3]]


def test_a_day_that_remembers_other_segments_or_knows_fewer_decisions_is_stale() -> None:
    others = history(decisions=3)
    others[DAYS[0]] = replace(others[DAYS[0]], written={SEGMENTS: WrittenTable(2, 1, "others", "another")})
    assert stale_days(others) == [DAYS[1]]

    decided = history(decisions=3)
    decided[DAYS[2]] = replace(decided[DAYS[2]], source_versions=SourceVersions({DECISIONS: 4}))
    assert stale_days(decided) == [DAYS[3]]
    # A day that knows more than the one before it needn't be compared again for that.
    decided[DAYS[3]] = replace(decided[DAYS[3]], source_versions=SourceVersions({DECISIONS: 5}))
    assert stale_days(decided) == []

"""Which published snapshots are compared with another one than the previous: pure, without a session."""

from collections.abc import Mapping
from datetime import date

from jobs.core.publish.decisions import TABLE as DECISIONS
from jobs.core.publish.snapshot import Snapshot

SEGMENTS = "customer_segments"


def previous_of(published: Mapping[date, Snapshot], as_of: date) -> Snapshot | None:
    """The published snapshot of the latest earlier date."""
    earlier = [day for day in published if day < as_of]
    return published[max(earlier)] if earlier else None


def stale_days(published: Mapping[date, Snapshot]) -> list[date]:
    """The dates that were compared with another snapshot than the previous one, in order.

    So are those that remember other segments than it has, or know fewer decisions than it does.
    """
    return [day for day in sorted(published) if _is_stale(published[day], previous_of(published, day))]


def _is_stale(current: Snapshot, previous: Snapshot | None) -> bool:
    if previous is None:
        return current.previous_run_id is not None
    if current.previous_run_id != previous.run_id:
        return True
    if SEGMENTS not in current.written:
        return current.previous_segments_hash is not None
    remembered = previous.written.get(SEGMENTS)
    decisions = [each.source_versions.tables.get(DECISIONS, 0) for each in (previous, current)]
    return (
        current.previous_segments_hash != (remembered.content_hash if remembered else None)
        or decisions[0] > decisions[1]
    )

"""Which run counts for a date, by what `runs` tells: one rule for the job, its readers and its views."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

Event = Mapping[str, Any]  # a row of runs
_Event = TypeVar("_Event", bound=Event)


def in_order(events: Iterable[_Event]) -> list[_Event]:
    """Events as they happened; of those at one moment, which no version of this job writes, by their runs."""
    return sorted(events, key=lambda event: (event["happened_at"], event["run_id"]))


def counting(events: Iterable[Event]) -> dict[date, Event]:
    """The event that counts of each date, of the events of one model.

    A date's run is the one whose first `published` is the latest, and of it its last `published` counts: a
    comparison made anew tells of a run again and doesn't bring it back. A date whose latest `published` or
    `withdrawn` is `withdrawn` has none.
    """
    told: dict[date, list[Event]] = {}
    for event in in_order(events):
        if event["status"] in {"published", "withdrawn"}:
            told.setdefault(event["as_of"], []).append(event)
    counts = {}
    for day, of_day in told.items():
        if of_day[-1]["status"] == "published":
            published = [event for event in of_day if event["status"] == "published"]
            first_told = list(dict.fromkeys(event["run_id"] for event in published))
            counts[day] = next(event for event in reversed(published) if event["run_id"] == first_told[-1])
    return counts


def disturbed(events: Iterable[Event]) -> set[date]:
    """The dates that count to whose rows another run may have written after the one that counts.

    So did each run that ended after that one began, or didn't end; and a comparison anew that didn't end.
    """
    ordered = in_order(events)
    found = set()
    for day, counts in counting(ordered).items():
        runs: dict[str, list[Event]] = {}
        for event in ordered:
            if event["as_of"] == day:
                runs.setdefault(event["run_id"], []).append(event)
        own = runs.pop(counts["run_id"])
        begun = sum(event["status"] == "started" for event in own)
        since = own[own.index(counts) + 1 :]
        others = (
            of_run[-1]["status"] == "started" or of_run[-1]["happened_at"] >= own[0]["happened_at"]
            for of_run in runs.values()
        )
        if since or begun > len(own) - begun or any(others):
            found.add(day)
    return found

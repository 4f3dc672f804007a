"""How a reader of a folder explains scores: `from jobs.core.explanation import score_components_query`."""

from jobs.core.publish.explanation import score_components_query

__all__ = ["score_components_query"]

"""How notebooks and other jobs read what is published: `from jobs.core.readers import published`."""

from jobs.core.publish.readers import PUBLISHED, published

__all__ = ["PUBLISHED", "published"]

"""The job's parts, in rooms in the order of the data's way; a room imports only rooms before it.

`runtime`, `config`, `delta`, `sources`, `quality`, `pipeline`, `publish`, `report`, `commands`: each says in
its own words what belongs in it. Notebooks and other jobs import `jobs.core.readers` and `jobs.core.explanation`.
"""

# The last two are modules, imported only when they are asked for: a machine without Spark looks for Java by this.
__all__ = ["ROOMS", "explanation", "readers"]

ROOMS = ("runtime", "config", "delta", "sources", "quality", "pipeline", "publish", "report", "commands")

"""The job's parts, in rooms in the order of the data's way; a room imports only rooms before it.

`runtime`, `config`, `delta`, `sources`, `quality`, `pipeline`, `publish`, `report`, `commands`: each says in
its own words what belongs in it. What notebooks and other jobs import stands beside them: `jobs.core.readers`
and `jobs.core.explanation`.
"""

# The last two are modules, which only who asks for them imports: set-up looks for Java without having Spark.
__all__ = ["ROOMS", "explanation", "readers"]

ROOMS = ("runtime", "config", "delta", "sources", "quality", "pipeline", "publish", "report", "commands")

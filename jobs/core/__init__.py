"""The job's parts, in rooms in the order of the data's way; a room imports only rooms before it.

`runtime`, `config`, `delta`, `sources`, `quality`, `pipeline`, `publish`, `report`, `commands`: each says in
its own words what belongs in it.
"""

ROOMS = ("runtime", "config", "delta", "sources", "quality", "pipeline", "publish", "report", "commands")

"""From usable rows to the rows of every table: the SQL files, ranking, and what varies with the model.

Imports `quality` and the rooms before it.
"""

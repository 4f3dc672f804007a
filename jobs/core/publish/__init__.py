"""What is kept and told: runs, snapshots, comparisons, decisions, reproduction, the views of readers.

Imports `pipeline` and the rooms before it.
"""

"""What people read of it: summaries, and what a model and its sources say and leave open.

Imports `publish` and the rooms before it.
"""

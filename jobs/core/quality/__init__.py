"""What the rules find in the sources and in sums, and what is set aside.

Imports `sources` and the rooms before it.
"""

"""A first configuration for tables of one's own: what they hold, and what is guessed of them.

Imports `sources` and the rooms before it.
"""

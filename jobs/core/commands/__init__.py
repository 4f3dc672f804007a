"""The kit that every command is made of.

Imports all other rooms; only entry points import it.
"""

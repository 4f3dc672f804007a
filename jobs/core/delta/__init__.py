"""All reading and writing of Delta tables.

Imports `runtime` and `config`.
"""

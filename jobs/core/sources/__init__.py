"""The sources as they are: opened, decoded, mapped to our columns and types, at versions that are told.

Imports the rooms before it: `runtime`, `config`, `delta`.
"""

"""What people write and ship as data: run settings, models, rules, and the registries of conf/.

Imports `runtime`.
"""

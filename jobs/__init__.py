"""Scores and tiers customers from revenue data, as Spark SQL over Delta tables."""

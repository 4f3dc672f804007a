"""The model value_potential_strategic and its segments written a second time, in plain exact Python.

It shares neither code nor method with the pipeline: money is integers of cents, everything else fractions,
rounded half up only where a value is published. NULL is None; the columns model and run_id, which say who
published a row, are left out. What is the same in both models (the window, attributes, the adherence score
that stands in for a missing health score) comes from the reference of profitability_adherence.
"""

"""The model profitability_adherence written a second time, in plain exact Python, to test the pipeline with.

It shares neither code nor method with the pipeline: everything is exact fractions, rounded only where the
design says so. Sections cited are the design's: 2 (words), 3 (semantics), 4 (tables).
NULL is None; the columns model and run_id, which say who published a row, are left out.
"""

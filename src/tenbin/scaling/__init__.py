"""Scaling laws: loss against model size, with intervals, and one language alone against a mix.

First version, kept small: two forms, one estimator, and intervals from what was really repeated.
Everything starts from `losses.csv`, so that a table from anywhere can be fitted.
"""

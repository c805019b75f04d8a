"""Figures and the summary page: they show what earlier stages computed and compute nothing that a fit should."""

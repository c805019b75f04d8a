"""Numerical kernels: the few operations where a plain composition of torch calls wastes most of the time."""

"""Losses: a trained model scored on a validation set, and the table of all runs."""

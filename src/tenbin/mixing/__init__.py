"""Mixes without copying: which sample of which corpus a training step reads."""

"""The recipe number of every stage whose output decides a run.

A number is raised by whoever changes the bytes that a stage makes from the same input; it enters
the stage's JSON and its rule's params, so that everything made by the older recipe is stale. Golden
tests fail when bytes move and the number did not. Comments and speed-ups leave it alone.
"""

CORPORA = 1
TOKENIZERS = 1
TOKENS = 1
MIXES = 1
ORDERS = 1
INIT = 1
SPECS = 1
LOSSES = 1

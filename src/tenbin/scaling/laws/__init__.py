"""Laws of loss in model size, data and mixture: forms, estimators, one batched solver, and honest intervals.

The data flow one way: a form (`catalogue`) and a table (`points`) meet in a problem (`solver`), whose
starting points come from a grid (`starts`); `fitting` polishes many of them and tells how many agree,
`profiles` and `bootstrap` give intervals, `heldout` the errors of prediction, `report` the document.
"""

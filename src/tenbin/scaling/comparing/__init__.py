"""One language alone against a mix that holds it: in losses, in parameters, in data, and whether they are equivalent.

The data flow one way: `pairs` finds the runs that belong together, `noise` says how sure a paired difference is,
`equivalence` tests it against a margin, `parameters` and `data` say what it is worth, `joint` fits one law to both
curves, and `table` writes it all down.
"""

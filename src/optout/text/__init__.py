"""One module a field: a spelling → its comparable parts. Pure: no I/O, clock, randomness or environment.

Functions named `fold` take and return a `pl.Expr` (elementwise: same length, same order); functions named
`parse` take a `pl.Series` and return a frame of the same height, each stage materialised. A value that cannot
be understood becomes null (or an empty list), never an error: null goes to review.
"""

"""The table of bad input: each row is one thing that a stranger may send, and the error by which it is refused.

A file `rows_<what>.py` holds `ROWS`, a list of `Row` (see `world.py`); `test_table.py` finds all of them. A new door or
a new kind of input gets a file of its own, and nothing else changes.
"""

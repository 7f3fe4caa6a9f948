"""Drills, a module each: NAME, SUMMARY and `run(progress, *, short)`; `pentimento drill --list` finds them here.

Each does one kind of damage to real processes, then counts with `tests.faults.tally`. The short forms run in CI (see
test_short_forms.py and test_fuzzing.py), the long ones by command; their figures are in tests/bench/RESULTS.md.
"""

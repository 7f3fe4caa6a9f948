"""Benches, a module each: NAME, SUMMARY, RUNS and `run(progress)`; `pentimento bench --list` finds them by this folder.

RESULTS.md holds the figures that were recorded, with date, machine and command.
"""

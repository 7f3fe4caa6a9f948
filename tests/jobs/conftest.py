"""Generated examples are the same in every run, so that a red test is red for everybody."""

from hypothesis import settings

settings.register_profile("house", derandomize=True, deadline=None, database=None)
settings.load_profile("house")

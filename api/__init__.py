"""The doors: every way in which a caller reaches the jobs, and the desk that all of them ask.

Nothing in here imports torch, Pillow, numpy or `worker`: the API installs and starts on a machine without them.
"""

"""Servers of Stability's protocol as engines: a worker whose pictures are made elsewhere.

::

    order --wording--> request --calling--> answers --reading--> picture
                                   |
                              gate (pace, breaker)

One request a picture, so that a fault costs one picture; `remotes.toml` says how many at once. `faults` decides, and
knows neither clock nor network; `backend` has the threads.
"""

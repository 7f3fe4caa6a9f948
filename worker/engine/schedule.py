"""How much of a schedule is run: one function, apart, because policy needs it without torch."""


def steps_run(steps: int, strength: float, end: float = 0.0) -> range:
    """The steps that img2img runs: the last `int(steps * strength)`, diffusers' own arithmetic (28 for 0.29 of 100).

    Of those, `int(steps * end)` are left out at their end. An empty range means that the picture only goes through the
    autoencoder and back.
    """
    first = steps - max(0, min(int(steps * strength), steps))
    return range(first, max(first, steps - int(steps * end)))

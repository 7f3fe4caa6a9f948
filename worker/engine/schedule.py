"""How much of a schedule a strength runs: one line, apart, because policy needs it without torch."""


def evaluations(steps: int, strength: float) -> int:
    """Steps that img2img runs: `int(steps * strength)`, diffusers' own arithmetic, so 28 for 0.29 of 100.

    0 means that the picture only goes through the autoencoder and back.
    """
    return max(0, min(int(steps * strength), steps))

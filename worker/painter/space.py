"""A rocket that leaves a forest at dusk."""

import random

from worker.painter.canvas import Canvas, Colour, mix
from worker.painter.nature import WHITE, conifer, stars

_BODIES: tuple[Colour, ...] = ((214, 58, 48), (236, 128, 38), (46, 124, 190), (124, 76, 178), (36, 150, 122))


def rocket(canvas: Canvas, dice: random.Random) -> None:
    """Night above, the last light below, trees in three depths, and smoke lit by the flame."""
    canvas.sky(
        [
            (0, (16, 18, 58)),
            (0.42, (66, 44, 116)),
            (0.68, (196, 86, 112)),
            (0.84, (250, 168, 104)),
            (1, (250, 190, 120)),
        ]
    )
    stars(canvas, dice, 130, 0.6)
    moon = (dice.uniform(0.1, 0.24), dice.uniform(0.1, 0.2))
    canvas.glow(*moon, 0.2, (190, 190, 230), 0.5)
    canvas.ellipse(*moon, 0.05, 0.05, (246, 240, 214))
    for dx, dy, size in ((-0.014, -0.012, 0.011), (0.016, 0.008, 0.008), (-0.004, 0.022, 0.006)):
        canvas.ellipse(moon[0] + dx, moon[1] + dy, size, size, (224, 216, 188))
    x, nose, length = dice.uniform(0.48, 0.64), dice.uniform(0.10, 0.17), dice.uniform(0.34, 0.4)
    _forest(canvas, dice, 0.80, 0.15, (96, 52, 92), 16)
    _smoke(canvas, dice, x, nose + length * 1.25)
    _forest(canvas, dice, 0.90, 0.21, (52, 40, 74), 12)
    _ship(canvas, dice, x, nose, length)
    canvas.glow(x, nose + length * 1.3, 0.34, (255, 190, 90), 0.55)
    _forest(canvas, dice, 1.03, 0.30, (22, 26, 48), 9, gap=x)


def _forest(
    canvas: Canvas, dice: random.Random, foot: float, height: float, colour: Colour, count: int, gap: float = -1.0
) -> None:
    canvas.box(-0.01, foot - height * 0.12, 1.01, 1.01, colour)
    for number in range(count):
        x = (number + dice.uniform(0.1, 0.9)) / count
        near = 0.62 if abs(x - gap) < 0.12 else 1.0
        conifer(canvas, dice, x, foot, height * dice.uniform(0.7, 1.1) * near, mix(colour, (255, 170, 120), 0.06))


def _smoke(canvas: Canvas, dice: random.Random, x: float, top: float) -> None:
    puffs = []
    for _ in range(90):
        depth = dice.random()
        spread = 0.012 + 0.15 * depth**2.4
        puffs.append((depth, x + dice.gauss(0, 0.6) * spread, dice.uniform(0.018, 0.03) + 0.05 * depth**1.6))
    for depth, across, size in sorted(puffs):
        tone = mix((255, 222, 170), (150, 116, 150), min(1.0, depth * 1.15))
        y = top + (0.93 - top) * depth
        canvas.ellipse(across + size * 0.15, y + size * 0.2, size, size * 0.9, mix(tone, (70, 50, 90), 0.35), 190)
        canvas.ellipse(across, y, size * 0.92, size * 0.82, tone, 215)


def _ship(canvas: Canvas, dice: random.Random, x: float, nose: float, length: float) -> None:
    body, half, foot = dice.choice(_BODIES), length * 0.155, nose + length
    dark, pale = mix(body, (20, 10, 40), 0.4), mix(WHITE, body, 0.06)
    for width, reach, colour in ((0.62, 0.5, (255, 150, 40)), (0.4, 0.36, (255, 214, 90)), (0.2, 0.2, (255, 250, 220))):
        flame = [
            (x - half * width, foot),
            (x - half * width * 1.2, foot + length * reach * 0.4),
            (x, foot + length * reach),
        ]
        canvas.polygon(
            [*flame, (x + half * width * 1.2, foot + length * reach * 0.4), (x + half * width, foot)], colour
        )
    for side in (-1, 1):
        fin = [(x + side * half * 0.8, foot - length * 0.3), (x + side * half * 2.0, foot + length * 0.04)]
        canvas.polygon(
            [*fin, (x + side * half * 1.9, foot + length * 0.1), (x + side * half * 0.6, foot - length * 0.02)],
            dark if side > 0 else body,
        )
    hull = [
        (x + half * s, nose + length * d)
        for s, d in ((-0.6, 1), (-1, 0.72), (-1, 0.42), (-0.72, 0.2), (-0.34, 0.07), (0, 0))
    ]
    right = [(2 * x - across, y) for across, y in reversed(hull)]
    canvas.polygon([*hull, *right], pale)
    canvas.polygon(
        [(x + half * 0.25, nose + length * 0.04), *right[1:], (x + half * 0.3, foot)], mix(pale, (90, 80, 130), 0.32)
    )
    canvas.polygon([*hull[3:], *right[:3]], body)
    canvas.polygon([(x + half * 0.2, nose + length * 0.03), *right[1:3], (x + half * 0.3, nose + length * 0.2)], dark)
    canvas.box(x - half * 0.99, foot - length * 0.36, x + half * 0.99, foot - length * 0.31, body)
    canvas.box(x + half * 0.28, foot - length * 0.36, x + half * 0.99, foot - length * 0.31, dark)
    canvas.box(x - half * 0.62, foot - length * 0.03, x + half * 0.62, foot + length * 0.02, (70, 64, 84))
    window = (x - half * 0.06, nose + length * 0.40)
    canvas.ellipse(*window, half * 0.52, half * 0.52, mix(body, (40, 30, 50), 0.55))
    canvas.ellipse(*window, half * 0.38, half * 0.38, (118, 196, 236))
    canvas.ellipse(window[0] - half * 0.12, window[1] - half * 0.12, half * 0.14, half * 0.11, (232, 248, 255))

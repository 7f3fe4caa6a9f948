"""A sailing boat at sunset, and a lighthouse as the night comes."""

import random
from itertools import pairwise

from worker.painter.canvas import Canvas, Colour, Point, mix, ridge
from worker.painter.nature import birds, cloud, glitter, ripples, stars

_SAILS: tuple[Colour, ...] = ((250, 244, 230), (214, 76, 60), (240, 168, 60), (70, 130, 178), (236, 130, 150))


def boat(canvas: Canvas, dice: random.Random) -> None:
    """A low sun, its path on the water, islands, and a boat under full sail."""
    shore = 0.6
    canvas.sky(
        [
            (0, (52, 48, 112)),
            (0.26, (150, 78, 132)),
            (0.45, (240, 132, 92)),
            (0.6, (255, 214, 130)),
            (1, (255, 214, 130)),
        ]
    )
    x = dice.uniform(0.24, 0.4)
    canvas.glow(x, 0.52, 0.6, (255, 220, 130), 0.8)
    canvas.ellipse(x, 0.53, 0.085, 0.085, (255, 240, 190))
    for _ in range(3):
        at = (dice.random(), dice.uniform(0.08, 0.3))
        cloud(canvas, dice, *at, dice.uniform(0.14, 0.22), (232, 140, 136))
    canvas.below(ridge(dice, shore - 0.035, 0.02, 3), (132, 82, 116))
    canvas.box(-0.01, shore, 1.01, 1.01, (0, 0, 0))
    canvas.mirror(shore, (44, 62, 122), 0.42)
    ripples(canvas, dice, shore, (255, 196, 150), 90)
    ripples(canvas, dice, shore, (34, 44, 96), 60)
    glitter(canvas, dice, x, shore, (255, 232, 170))
    birds(canvas, dice, dice.uniform(0.2, 0.4), 0.4, 5, (62, 44, 84))
    _sailing(canvas, dice, dice.uniform(0.58, 0.68), dice.uniform(0.78, 0.83), dice.uniform(0.54, 0.6))


def _sailing(canvas: Canvas, dice: random.Random, x: float, line: float, height: float) -> None:
    sail, half = dice.choice(_SAILS), height * 0.36
    jib, wood, top = mix(sail, (255, 255, 250), 0.45), (112, 58, 40), line - height
    canvas.ellipse(x, line + 0.035, half * 1.1, 0.022, (22, 24, 66), 120)
    canvas.line([(x, line), (x, top)], 0.008, (74, 46, 40))
    canvas.polygon(_belly((x + 0.008, top + 0.02), (x + half * 0.98, line - 0.075), (x + 0.008, line - 0.06)), sail)
    canvas.polygon(
        [
            (x + 0.008, top + 0.02),
            (x + half * 0.32, line - height * 0.42),
            (x + 0.1 * half, line - 0.06),
            (x + 0.008, line - 0.06),
        ],
        mix(sail, (60, 20, 80), 0.22),
    )
    canvas.polygon(_belly((x - 0.008, top + 0.07), (x - half * 0.86, line - 0.05), (x - 0.012, line - 0.06)), jib)
    canvas.polygon(
        [
            (x - 0.008, top + 0.07),
            (x - half * 0.2, line - height * 0.4),
            (x - 0.06, line - 0.055),
            (x - 0.012, line - 0.06),
        ],
        mix(jib, (90, 40, 90), 0.2),
    )
    hull = [
        (x - half * 1.05, line - 0.035),
        (x + half * 1.0, line - 0.035),
        (x + half * 0.78, line + 0.032),
        (x - half * 0.7, line + 0.032),
    ]
    canvas.polygon(hull, wood)
    canvas.polygon(
        [(x + half * 0.2, line - 0.035), *hull[1:3], (x + half * 0.1, line + 0.032)], mix(wood, (20, 10, 30), 0.35)
    )
    canvas.polygon(
        [
            (x - half * 1.05, line - 0.035),
            (x + half, line - 0.035),
            (x + half * 0.96, line - 0.02),
            (x - half * 0.98, line - 0.02),
        ],
        (246, 226, 190),
    )
    canvas.line([(x, top), (x, top + 0.004)], 0.004, wood)
    canvas.polygon([(x, top - 0.004), (x + 0.055, top + 0.012), (x, top + 0.026)], (206, 56, 60))
    for shift in (-0.7, -0.2, 0.35, 0.8):
        canvas.ellipse(x + shift * half, line + 0.034, half * 0.3, 0.005, (255, 226, 190), 150)


def _belly(head: Point, clew: Point, tack: Point) -> list[Point]:
    """A triangle whose leech, from head to clew, is filled by the wind."""
    curve = []
    for step in range(21):
        share = step / 20
        bulge = share * (1 - share) * 0.28
        across = head[0] + (clew[0] - head[0]) * share
        curve.append((across + (clew[0] - head[0]) * bulge, head[1] + (clew[1] - head[1]) * share))
    return [*curve, tack]


def lighthouse(canvas: Canvas, dice: random.Random) -> None:
    """The first stars, a beam over the sea, surf on the rocks."""
    shore = 0.68
    canvas.sky(
        [(0, (20, 32, 78)), (0.4, (52, 84, 138)), (0.6, (196, 148, 150)), (0.68, (246, 190, 140)), (1, (246, 190, 140))]
    )
    stars(canvas, dice, 80, 0.45)
    cloud(canvas, dice, dice.uniform(0.1, 0.4), 0.5, 0.3, (150, 122, 150))
    canvas.box(-0.01, shore, 1.01, 1.01, (0, 0, 0))
    canvas.mirror(shore, (26, 58, 104), 0.5)
    ripples(canvas, dice, shore, (240, 196, 170), 80, 60)
    ripples(canvas, dice, shore, (16, 34, 74), 70)
    x, lamp = dice.uniform(0.62, 0.7), dice.uniform(0.22, 0.26)
    for reach, alpha in ((0.15, 26), (0.1, 30), (0.055, 38)):
        canvas.polygon([(x, lamp), (-0.05, lamp - reach - 0.02), (-0.05, lamp + reach * 0.8)], (255, 244, 190), alpha)
        canvas.polygon([(x, lamp), (1.05, lamp - reach * 0.5), (1.05, lamp + reach * 0.4)], (255, 244, 190), alpha)
    _cliff(canvas, dice, x)
    _tower(canvas, dice, x, lamp)
    canvas.glow(x, lamp, 0.22, (255, 240, 180), 0.95)


def _cliff(canvas: Canvas, dice: random.Random, x: float) -> None:
    rocks = ((0.74, 0.34, (66, 62, 84)), (0.8, 0.4, (50, 50, 72)), (0.88, 0.5, (36, 40, 60)))
    for top, half, colour in rocks:
        edge = [
            (x - half + 2 * half * k / 12, top + dice.uniform(0, 0.035) + 0.16 * abs(k / 6 - 1) ** 2.2)
            for k in range(13)
        ]
        canvas.polygon([*edge, (x + half * 1.2, 1.02), (x - half * 1.2, 1.02)], colour)
        for (left, one), (right, other) in pairwise(edge):
            canvas.polygon([(left, one), (right, other), (left, one + 0.06)], mix(colour, (250, 190, 150), 0.16))
    for _ in range(60):
        side = dice.choice((-1, 1))
        canvas.ellipse(
            x + side * dice.uniform(0.24, 0.56),
            dice.uniform(0.92, 0.99),
            dice.uniform(0.008, 0.03),
            0.006,
            (240, 244, 248),
            120,
        )
    canvas.below([(k / 40, 0.975 + 0.008 * (k % 3)) for k in range(-1, 43)], (30, 64, 108))


def _tower(canvas: Canvas, dice: random.Random, x: float, lamp: float) -> None:
    stripe, foot = dice.choice(((200, 56, 54), (46, 96, 150), (40, 120, 110))), 0.765
    low, high = 0.062, 0.042
    top = lamp + 0.045

    def half(y: float) -> float:
        return high + (low - high) * (y - top) / (foot - top)

    for band in range(6):
        one, other = top + (foot - top) * band / 6, top + (foot - top) * (band + 1) / 6
        colour = (246, 240, 230) if band % 2 == 0 else stripe
        canvas.polygon(
            [(x - half(one), one), (x + half(one), one), (x + half(other), other), (x - half(other), other)], colour
        )
        shade = [
            (x + half(one) * 0.2, one),
            (x + half(one), one),
            (x + half(other), other),
            (x + half(other) * 0.2, other),
        ]
        canvas.polygon(shade, (24, 20, 60), 80)
    for share in (0.25, 0.58):
        y = top + (foot - top) * share
        canvas.box(x - 0.02, y - 0.016, x - 0.002, y + 0.016, (40, 40, 66))
    canvas.box(x - 0.012, foot - 0.05, x + 0.016, foot, (70, 46, 44))
    canvas.box(x - high * 1.4, top - 0.012, x + high * 1.4, top + 0.006, (40, 42, 60))
    canvas.box(x - high * 0.72, lamp - 0.03, x + high * 0.72, top - 0.012, (255, 236, 160))
    for side in (-0.72, -0.24, 0.24, 0.72):
        canvas.line([(x + side * high, lamp - 0.03), (x + side * high, top - 0.012)], 0.004, (50, 50, 66))
    canvas.polygon(
        [(x - high * 0.95, lamp - 0.03), (x, lamp - 0.085), (x + high * 0.95, lamp - 0.03)],
        mix(stripe, (30, 20, 50), 0.25),
    )
    canvas.ellipse(x, lamp - 0.087, 0.007, 0.007, (240, 210, 140))

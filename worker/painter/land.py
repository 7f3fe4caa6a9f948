"""A house with its tree, mountains above a lake, and a balloon over fields."""

import math
import random

from worker.painter.canvas import Canvas, Colour, Point, mix, ridge
from worker.painter.nature import WHITE, birds, cloud, conifer, leafy, ripples

_WALLS: tuple[Colour, ...] = ((246, 232, 204), (238, 200, 166), (222, 232, 238), (250, 214, 150))
_ROOFS: tuple[Colour, ...] = ((188, 72, 56), (158, 78, 60), (96, 104, 132), (126, 84, 110))


def house(canvas: Canvas, dice: random.Random) -> None:
    """A clear day: hills, a house with a path to its door, one broad tree, flowers in the grass."""
    canvas.sky([(0, (64, 146, 222)), (0.45, (158, 208, 244)), (0.7, (226, 242, 250)), (1, (226, 242, 250))])
    sun = (dice.uniform(0.12, 0.25), dice.uniform(0.12, 0.2))
    canvas.glow(*sun, 0.4, (255, 244, 190), 0.8)
    canvas.ellipse(*sun, 0.052, 0.052, (255, 236, 140))
    for _ in range(3):
        cloud(canvas, dice, dice.uniform(0.3, 1), dice.uniform(0.1, 0.28), dice.uniform(0.14, 0.24))
    canvas.below(ridge(dice, 0.60, 0.03), (150, 190, 176))
    canvas.below(ridge(dice, 0.66, 0.03, 1.4), (134, 186, 120))
    canvas.below(ridge(dice, 0.74, 0.018, 1.0), (120, 184, 84), shade=(70, 140, 62))
    x, foot, width = dice.uniform(0.36, 0.44), dice.uniform(0.79, 0.82), dice.uniform(0.34, 0.38)
    leafy(canvas, dice, x + width * 1.12, foot + 0.03, dice.uniform(0.44, 0.5), (84, 156, 66))
    _cottage(canvas, dice, x, foot, width)
    for _ in range(70):
        at = (dice.random(), dice.uniform(foot + 0.05, 1))
        size = 0.004 + 0.005 * (at[1] - foot)
        canvas.ellipse(
            *at, size, size, dice.choice(((255, 250, 240), (250, 208, 70), (236, 106, 118), (196, 130, 214)))
        )


def _cottage(canvas: Canvas, dice: random.Random, x: float, foot: float, width: float) -> None:
    wall, roof = dice.choice(_WALLS), dice.choice(_ROOFS)
    left, right, top = x - width / 2, x + width / 2, foot - width * 0.52
    shade, peak = mix(wall, (90, 80, 120), 0.25), top - width * 0.36
    path = [(x - 0.025, foot), (x + 0.03, foot), (x + 0.16, 1.02), (x - 0.02, 1.02)]
    canvas.polygon(path, (226, 208, 170))
    canvas.box(right - width * 0.27, peak - width * 0.06, right - width * 0.15, top, mix(roof, (60, 40, 40), 0.45))
    for puff in range(5):
        lift, size = puff * 0.035, 0.012 + puff * 0.006
        canvas.ellipse(
            right - width * 0.21 + lift * 0.5, peak - width * 0.1 - lift, size, size * 0.8, WHITE, 190 - puff * 32
        )
    canvas.box(left, top, right, foot, wall)
    canvas.polygon([(x + width * 0.12, top), (right, top), (right, foot), (x + width * 0.12, foot)], shade)
    eaves = [(left - width * 0.08, top + 0.012), (right + width * 0.08, top + 0.012)]
    canvas.polygon([*eaves, (right - width * 0.1, peak), (left + width * 0.1, peak)], roof)
    for row in range(1, 6):
        share = row / 6
        y = peak + (top + 0.012 - peak) * share
        reach = width * (0.4 + 0.18 * share)
        canvas.line([(x - reach, y), (x + reach, y)], 0.003, mix(roof, (30, 10, 20), 0.3))
    door = mix(roof, (60, 40, 90), 0.45)
    canvas.box(x - width * 0.075, foot - width * 0.34, x + width * 0.075, foot, door)
    canvas.ellipse(x, foot - width * 0.34, width * 0.075, width * 0.06, door)
    canvas.ellipse(x + width * 0.045, foot - width * 0.16, 0.005, 0.005, (250, 220, 130))
    for side in (-0.29, 0.29):
        _window(canvas, x + side * width, foot - width * 0.29, width * 0.105)


def _window(canvas: Canvas, x: float, y: float, half: float) -> None:
    canvas.box(x - half, y - half, x + half, y + half, (252, 250, 244))
    canvas.box(x - half * 0.8, y - half * 0.8, x + half * 0.8, y + half * 0.8, (122, 178, 214))
    canvas.polygon(
        [
            (x - half * 0.8, y + half * 0.3),
            (x + half * 0.3, y - half * 0.8),
            (x + half * 0.8, y - half * 0.8),
            (x - half * 0.8, y + half * 0.8),
        ],
        (170, 212, 234),
    )
    canvas.box(x - half * 0.07, y - half, x + half * 0.07, y + half, (252, 250, 244))
    canvas.box(x - half, y - half * 0.07, x + half, y + half * 0.07, (252, 250, 244))
    canvas.box(x - half * 1.15, y + half, x + half * 1.15, y + half * 1.3, (196, 92, 80))


def mountain(canvas: Canvas, dice: random.Random) -> None:
    """Morning: snow on the peaks, a wood along the shore, and all of it again in the lake."""
    canvas.sky([(0, (92, 154, 214)), (0.4, (190, 216, 236)), (0.62, (252, 226, 204)), (1, (252, 226, 204))])
    canvas.glow(dice.uniform(0.6, 0.9), 0.34, 0.5, (255, 224, 170), 0.7)
    cloud(canvas, dice, dice.uniform(0.1, 0.4), dice.uniform(0.1, 0.16), 0.2)
    shore = 0.66
    tops = sorted(((dice.uniform(0.05, 0.95), dice.uniform(0.34, 0.42)) for _ in range(4)), key=lambda top: top[1])
    for x, y in tops:
        _peak(canvas, dice, (x, y), 0.34, (150, 166, 196), snow=0.22)
    _peak(canvas, dice, (dice.uniform(0.3, 0.42), dice.uniform(0.15, 0.2)), 0.46, (98, 112, 150), snow=0.36)
    _peak(canvas, dice, (dice.uniform(0.66, 0.8), dice.uniform(0.26, 0.31)), 0.38, (112, 124, 158), snow=0.3)
    canvas.below(ridge(dice, shore - 0.04, 0.012, 3), (74, 110, 96))
    for number in range(34):
        x = (number + dice.random()) / 34
        conifer(
            canvas,
            dice,
            x,
            shore + 0.004,
            dice.uniform(0.05, 0.13),
            dice.choice(((42, 88, 74), (34, 72, 66), (58, 102, 78))),
        )
    canvas.mirror(shore, (70, 116, 158), 0.28)
    ripples(canvas, dice, shore, (232, 242, 250), 70)
    canvas.below(
        [(x, y + 0.36 * (x - 0.2) ** 2) for x, y in ridge(dice, 0.945, 0.01, 2)], (64, 96, 62), shade=(36, 62, 46)
    )
    for x in (dice.uniform(0.02, 0.08), dice.uniform(0.13, 0.2)):
        conifer(canvas, dice, x, 1.0, dice.uniform(0.4, 0.52), (28, 66, 54))


def _peak(canvas: Canvas, dice: random.Random, top: Point, half: float, rock: Colour, *, snow: float) -> None:
    """A mountain with a sunlit right face and a shaded left one, snow down to a ragged line."""
    x, y = top
    foot, steps = 0.68, 9
    crest = [(x + dice.uniform(-0.02, 0.02) * k / 3, y + (foot - y) * k / steps) for k in range(steps + 1)]
    crest[0] = top
    canvas.polygon([top, (x + half, foot), (x - half, foot)], mix(rock, (255, 224, 196), 0.35))
    canvas.polygon([*crest, (x - half, foot)], rock)
    low = y + (foot - y) * snow
    reach = half * snow
    teeth: list[Point] = []
    for k in range(11):
        share = k / 10 * 2 - 1
        drop = 0.04 * (1 if k % 2 else -0.6) * (1 - abs(share)) * dice.uniform(0.6, 1.4)
        teeth.append((x + share * reach, low + drop))
    canvas.polygon([top, *reversed(teeth)], (255, 252, 246))
    shaded = [(tx, ty) for tx, ty in teeth if tx <= x + 0.004]
    canvas.polygon([top, *reversed(shaded)], (196, 210, 236))


def balloon(canvas: Canvas, dice: random.Random) -> None:
    """Early light over fields, one balloon near and two far."""
    canvas.sky([(0, (86, 164, 226)), (0.5, (190, 222, 240)), (0.72, (255, 236, 206)), (1, (255, 236, 206))])
    canvas.glow(0.86, 0.56, 0.5, (255, 226, 160), 0.8)
    for _ in range(4):
        cloud(canvas, dice, dice.random(), dice.uniform(0.08, 0.5), dice.uniform(0.14, 0.26))
    for height, colour, shade in (
        (0.68, (152, 186, 190), (150, 180, 170)),
        (0.74, (150, 192, 130), (120, 170, 104)),
        (0.82, (206, 200, 104), (178, 172, 84)),
        (0.9, (112, 166, 82), (70, 124, 60)),
    ):
        canvas.below(ridge(dice, height, 0.022, dice.uniform(1, 2)), colour, shade=shade)
    for _ in range(7):
        leafy(canvas, dice, dice.random(), dice.uniform(0.86, 0.97), dice.uniform(0.06, 0.1), (74, 136, 70))
    for _ in range(2):
        _balloon(canvas, dice, (dice.uniform(0.08, 0.92), dice.uniform(0.3, 0.5)), dice.uniform(0.035, 0.055))
    birds(canvas, dice, dice.uniform(0.15, 0.3), 0.6, 4, (90, 96, 112))
    _balloon(canvas, dice, (dice.uniform(0.4, 0.6), dice.uniform(0.28, 0.33)), dice.uniform(0.2, 0.23))


def _balloon(canvas: Canvas, dice: random.Random, centre: Point, radius: float) -> None:
    """Gores are drawn as ever narrower whole envelopes, which gives them the right curves for nothing."""
    x, y = centre
    one, other = dice.sample(
        ((222, 66, 58), (250, 188, 62), (48, 136, 196), (250, 244, 230), (112, 76, 166), (46, 160, 130)), 2
    )
    for number, share in enumerate((1.0, 0.86, 0.64, 0.4, 0.14)):
        canvas.polygon(_envelope(x, y, radius, share), one if number % 2 == 0 else other)
    lit = [(px, py) for px, py in _envelope(x, y, radius, 1.0) if px <= x]
    inner = [(px, py) for px, py in _envelope(x, y, radius, 0.52) if px <= x]
    canvas.polygon([*lit, *reversed(inner)], (40, 20, 70), 46)
    canvas.glow(x + radius * 0.4, y - radius * 0.35, radius * 0.8, (255, 250, 220), 0.4)
    mouth, basket = y + radius * 1.45, y + radius * 1.78
    for side in (-1, 1):
        canvas.line(
            [(x + side * radius * 0.17, mouth), (x + side * radius * 0.13, basket)], radius * 0.018, (84, 62, 46)
        )
    canvas.box(x - radius * 0.15, basket, x + radius * 0.15, basket + radius * 0.22, (150, 98, 54))
    canvas.box(x + radius * 0.03, basket, x + radius * 0.15, basket + radius * 0.22, (118, 74, 42))
    canvas.box(x - radius * 0.17, basket - radius * 0.03, x + radius * 0.17, basket + radius * 0.03, (92, 58, 36))


def _envelope(x: float, y: float, radius: float, share: float) -> list[Point]:
    """The outline of a balloon, `share` as wide, from the mouth up the left side, over the top and down the right."""
    points = []
    for step in range(-60, 61):
        turn = step / 60
        angle = turn * math.pi * 0.78
        across, down = math.sin(angle) * radius, -math.cos(angle) * radius
        points.append((x + across * share, y + down))
    half = radius * 0.18 * share
    return [(x - half, y + radius * 1.45), *points, (x + half, y + radius * 1.45)]

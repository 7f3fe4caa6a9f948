"""The eight scenes: a backdrop, then a subject in the colour that was wished for, each drawn from simple shapes."""

import math
from collections.abc import Callable, Mapping

from worker.demo_model.grammar import Colour
from worker.demo_model.sheet import Sheet, mix

WHITE: Colour = (252, 252, 248)
_WOOD: Colour = (120, 86, 64)
_STONE: Colour = (168, 164, 160)
_DARK: Colour = (58, 52, 62)


# Around a cloud, in its widths: what there is in its place by night, and what falls from it in winter. Nothing is where
# no cartoon says so: the autoencoder's decoder has to know it from the cloud alone.
_STARS = ((-1.9, -0.5), (-0.9, 0.9), (-0.3, -0.8), (0.5, 0.4), (1.3, -0.6), (2.0, 0.7))
_FLAKES = ((-1.2, 1.2), (-0.4, 1.7), (0.4, 1.2), (1.2, 1.7), (-0.8, 2.3), (0.0, 2.8), (0.8, 2.3))


def _sky(sheet: Sheet) -> None:
    """Sun or moon and two clouds; the same dice whatever the light."""
    x, y, size = sheet.within(0.1, 0.9), sheet.within(0.1, 0.2), sheet.within(0.06, 0.085)
    sheet.ellipse(x, y, size, size, sheet.palette.sun)
    for low, high in ((0.06, 0.4), (0.6, 0.94)):
        _cloud(sheet, sheet.within(low, high), sheet.within(0.1, 0.32), sheet.within(0.06, 0.085))


def _cloud(sheet: Sheet, x: float, y: float, wide: float) -> None:
    if sheet.night:
        for right, down in _STARS:
            sheet.ellipse(x + right * wide, y + down * wide, 0.009, 0.009, (236, 232, 200))
        return
    tone = mix(sheet.palette.low, (255, 255, 255), 0.7)
    for shift, grow in ((-0.8, 0.5), (0.8, 0.55), (0, 0.75)):
        sheet.ellipse(x + shift * wide, y, wide * grow * 1.1, wide * grow * 0.75, tone)
    if sheet.light == "winter":
        for right, down in _FLAKES:
            sheet.ellipse(x + right * wide, y + down * wide, 0.011, 0.011, (255, 255, 255))


def _conifer(sheet: Sheet, x: float, foot: float, height: float) -> None:
    leaf = sheet.palette.leaf
    sheet.box(x - height * 0.06, foot - height * 0.25, x + height * 0.06, foot, sheet.lit(_WOOD))
    for step in range(3):
        low, half = foot - height * (0.16 + 0.25 * step), height * (0.32 - 0.07 * step)
        tip = mix(leaf, WHITE, 0.55 if sheet.light == "winter" else 0.07 * step)
        sheet.polygon([(x - half, low), (x + half, low), (x, low - height * 0.4)], tip)


def _waves(sheet: Sheet, shore: float) -> None:
    for row in range(5):
        y, x, half = shore + 0.06 + row * 0.07, sheet.within(0, 1), sheet.within(0.08, 0.16)
        sheet.ellipse(x, y, half, 0.009, mix(sheet.palette.water, WHITE, 0.3))


def _rocket(sheet: Sheet, colour: Colour) -> None:
    _sky(sheet)
    ground = sheet.within(0.84, 0.88)
    sheet.land(ground, sheet.palette.ground)
    trees = [(k / 7 + sheet.within(0.03, 0.11), sheet.within(0.2, 0.3)) for k in range(7)]
    x, nose, length = sheet.within(0.35, 0.65), sheet.within(0.08, 0.16), sheet.within(0.42, 0.5)
    for place, height in trees:
        _conifer(sheet, place, ground + 0.06, height)
    sheet.subject()
    half, foot = length * 0.19, nose + length
    for wide, reach, flame in ((1.0, 0.42, (255, 206, 130)), (0.55, 0.26, (255, 244, 196))):
        tip = (x, foot + length * reach)
        sheet.polygon([(x - half * wide * 0.8, foot), (x + half * wide * 0.8, foot), tip], flame)
    body, dark = sheet.vivid(colour), mix(sheet.vivid(colour), _DARK, 0.45)
    for side in (-1, 1):
        fin = [(x + side * half * 0.8, foot - length * 0.34), (x + side * half * 2.1, foot + length * 0.06)]
        sheet.polygon([*fin, (x + side * half * 0.8, foot - length * 0.04)], dark)
    sheet.box(x - half, nose + length * 0.3, x + half, foot, body)
    sheet.polygon([(x - half, nose + length * 0.31), (x + half, nose + length * 0.31), (x, nose)], dark)
    sheet.ellipse(x, nose + length * 0.5, half * 0.58, half * 0.58, sheet.lit(WHITE))
    sheet.ellipse(x, nose + length * 0.5, half * 0.36, half * 0.36, sheet.palette.high)


def _house(sheet: Sheet, colour: Colour) -> None:
    _sky(sheet)
    sheet.land(sheet.within(0.68, 0.74), sheet.palette.ground)
    x, half, foot = sheet.within(0.36, 0.64), sheet.within(0.2, 0.25), sheet.within(0.82, 0.88)
    tall, roof, size = sheet.within(0.28, 0.34), sheet.within(0.17, 0.22), sheet.within(0.11, 0.14)
    tree = x + (half + size) * (1 if x < 0.5 else -1)
    sheet.box(tree - 0.02, foot - 0.22, tree + 0.02, foot, sheet.lit(_WOOD))
    sheet.ellipse(tree, foot - 0.28, size, size * 1.15, sheet.palette.leaf)
    sheet.subject()
    top, tiles = foot - tall, sheet.lit((128, 92, 84))
    sheet.box(x - half, top, x + half, foot, sheet.vivid(colour))
    sheet.polygon([(x - half * 1.22, top), (x + half * 1.22, top), (x, top - roof)], tiles)
    if sheet.light == "winter":
        sheet.polygon(
            [(x - half * 0.75, top - roof * 0.4), (x + half * 0.75, top - roof * 0.4), (x, top - roof)], WHITE
        )
    sheet.box(x - half * 0.2, foot - tall * 0.55, x + half * 0.2, foot, sheet.lit((96, 70, 60)))
    for side in (-0.62, 0.62):
        at = x + side * half
        sheet.box(at - half * 0.22, top + tall * 0.2, at + half * 0.22, top + tall * 0.58, sheet.lit(WHITE))
        sheet.box(at - half * 0.16, top + tall * 0.25, at + half * 0.16, top + tall * 0.53, sheet.palette.window)


def _boat(sheet: Sheet, colour: Colour) -> None:
    _sky(sheet)
    shore = sheet.within(0.6, 0.66)
    sheet.box(0, shore, 1, 1, sheet.palette.water)
    _waves(sheet, shore)
    x, deck, half = sheet.within(0.38, 0.62), sheet.within(0.72, 0.78), sheet.within(0.23, 0.28)
    mast = deck - sheet.within(0.48, 0.54)
    sheet.subject()
    sail, hull = sheet.vivid(colour), sheet.lit(_WOOD)
    sheet.polygon(
        [(x - half, deck), (x + half, deck), (x + half * 0.66, deck + 0.11), (x - half * 0.66, deck + 0.11)], hull
    )
    sheet.box(x - 0.011, mast, x + 0.011, deck, sheet.lit((84, 68, 60)))
    sheet.polygon([(x + 0.02, mast), (x + 0.02, deck - 0.04), (x + half * 0.95, deck - 0.04)], sail)
    sheet.polygon(
        [(x - 0.02, mast + 0.08), (x - 0.02, deck - 0.04), (x - half * 0.8, deck - 0.04)], mix(sail, WHITE, 0.4)
    )


def _balloon(sheet: Sheet, colour: Colour) -> None:
    _sky(sheet)
    sheet.land(sheet.within(0.74, 0.79), sheet.palette.far, 0.045)
    sheet.land(sheet.within(0.86, 0.9), sheet.palette.ground, 0.03)
    x, y, size = sheet.within(0.34, 0.66), sheet.within(0.3, 0.38), sheet.within(0.2, 0.24)
    sheet.subject()
    silk, basket = sheet.vivid(colour), y + size * 1.72
    for wide, tone in ((1.0, silk), (0.42, mix(silk, WHITE, 0.45))):
        sheet.ellipse(x, y, size * wide, size, tone)
        skirt = [(x - size * 0.9 * wide, y + size * 0.42), (x + size * 0.9 * wide, y + size * 0.42)]
        sheet.polygon(
            [*skirt, (x + size * 0.24 * wide, y + size * 1.36), (x - size * 0.24 * wide, y + size * 1.36)], tone
        )
    for side in (-1, 1):
        rope = x + side * size * 0.2
        sheet.box(rope - 0.006, y + size * 1.36, rope + 0.006, basket, sheet.lit(_DARK))
    sheet.box(x - size * 0.25, basket, x + size * 0.25, basket + size * 0.34, sheet.lit(_WOOD))


def _flower(sheet: Sheet, colour: Colour) -> None:
    _sky(sheet)
    sheet.land(sheet.within(0.76, 0.8), mix(sheet.palette.ground, sheet.lit((190, 160, 130)), 0.6), 0.0)
    x, foot, half = sheet.within(0.4, 0.6), sheet.within(0.9, 0.94), sheet.within(0.13, 0.16)
    rim, y = foot - sheet.within(0.2, 0.24), sheet.within(0.28, 0.36)
    petals, turn, size = sheet.dice.randint(5, 7), sheet.within(0, 1), sheet.within(0.115, 0.14)
    sheet.subject()
    green = mix(sheet.lit((96, 140, 96)), sheet.palette.leaf, 0.4)
    sheet.box(x - 0.014, y, x + 0.014, rim, green)
    for side in (-1, 1):
        sheet.polygon(
            [(x, rim - 0.02), (x + side * half * 1.1, rim - 0.15), (x + side * half * 0.6, rim - 0.03)], green
        )
    for petal in range(petals):
        angle = turn + math.tau * petal / petals
        sheet.ellipse(
            x + size * math.cos(angle), y + size * math.sin(angle), size * 0.62, size * 0.62, sheet.vivid(colour)
        )
    sheet.ellipse(x, y, size * 0.5, size * 0.5, sheet.lit((255, 240, 180)))
    clay = sheet.lit((168, 112, 92))
    sheet.polygon([(x - half, rim), (x + half, rim), (x + half * 0.7, foot), (x - half * 0.7, foot)], clay)
    sheet.box(x - half * 1.15, rim - 0.03, x + half * 1.15, rim + 0.04, mix(clay, WHITE, 0.12))


def _castle(sheet: Sheet, colour: Colour) -> None:
    _sky(sheet)
    sheet.land(sheet.within(0.78, 0.82), sheet.palette.ground, 0.02)
    x, half, foot = sheet.within(0.44, 0.56), sheet.within(0.22, 0.26), sheet.within(0.86, 0.9)
    wall = foot - sheet.within(0.26, 0.32)
    sheet.subject()
    stone, roof = sheet.lit(_STONE), sheet.vivid(colour)
    sheet.box(x - half, wall, x + half, foot, stone)
    for place in range(7):
        left = x - half + place * half * 2 / 7
        sheet.box(left, wall - 0.035, left + half * 0.17, wall, stone)
    for side, rise in ((0, 0.2), (-1, 0.1), (1, 0.1)):
        at, wide, top = x + side * half, half * 0.34, wall - rise
        sheet.box(at - wide, top, at + wide, foot if side else wall, mix(stone, WHITE, 0.2))
        sheet.polygon([(at - wide * 1.35, top), (at + wide * 1.35, top), (at, top - 0.2)], roof)
        sheet.box(at - 0.02, top + 0.04, at + 0.02, top + 0.1, sheet.palette.window if sheet.night else _DARK)
    door = sheet.lit((92, 70, 62))
    sheet.box(x - half * 0.24, foot - 0.12, x + half * 0.24, foot, door)
    sheet.ellipse(x, foot - 0.12, half * 0.24, half * 0.24, door)


def _car(sheet: Sheet, colour: Colour) -> None:
    _sky(sheet)
    sheet.land(sheet.within(0.58, 0.62), sheet.palette.far, 0.04)
    road = sheet.within(0.7, 0.73)
    sheet.box(0, road, 1, 1, sheet.lit((126, 126, 132)) if sheet.light != "winter" else (206, 210, 216))
    for dash in range(4):
        sheet.box(dash * 0.27 + 0.04, 0.9, dash * 0.27 + 0.18, 0.925, sheet.lit((232, 228, 206)))
    x, foot, half = sheet.within(0.42, 0.58), sheet.within(0.78, 0.82), sheet.within(0.3, 0.35)
    facing = sheet.dice.choice((-1, 1))
    sheet.subject()
    paint, top = sheet.vivid(colour), foot - 0.19
    cabin = [(-0.62, top), (-0.4, top - 0.17), (0.22, top - 0.17), (0.52, top)]
    glass = [(-0.5, top), (-0.34, top - 0.135), (0.17, top - 0.135), (0.4, top)]
    sheet.polygon([(x + facing * half * share, y) for share, y in cabin], paint)
    sheet.polygon([(x + facing * half * share, y) for share, y in glass], sheet.palette.window)
    sheet.box(x - half * 0.1, top - 0.14, x - half * 0.02, top, paint)
    sheet.box(x - half, top, x + half, foot, paint)
    lamp = x + facing * half * 0.9
    sheet.ellipse(lamp, top + 0.06, 0.03, 0.03, (255, 246, 200))
    for side in (-0.58, 0.58):
        for size, tone in ((0.095, (42, 40, 48)), (0.045, sheet.lit((190, 190, 196)))):
            sheet.ellipse(x + side * half, foot, size, size, tone)


def _lighthouse(sheet: Sheet, colour: Colour) -> None:
    _sky(sheet)
    shore = sheet.within(0.68, 0.74)
    sheet.box(0, shore, 1, 1, sheet.palette.water)
    _waves(sheet, shore)
    x, wide, lamp = sheet.within(0.34, 0.66), sheet.within(0.28, 0.34), sheet.within(0.16, 0.22)
    foot = 0.86
    sheet.subject()
    rock = sheet.lit((126, 116, 112))
    sheet.polygon(
        [(x - wide, 1), (x - wide * 0.7, foot), (x - 0.1, 0.8), (x + 0.12, 0.8), (x + wide * 0.7, foot), (x + wide, 1)],
        rock,
    )
    low, high, base, top = 0.11, 0.07, 0.83, lamp + 0.06
    for band in range(5):
        one, other = top + (base - top) * band / 5, top + (base - top) * (band + 1) / 5
        wider, narrow = (high + (low - high) * (y - top) / (base - top) for y in (other, one))
        tone = sheet.lit(WHITE) if band % 2 else sheet.vivid(colour)
        sheet.polygon([(x - narrow, one), (x + narrow, one), (x + wider, other), (x - wider, other)], tone)
    sheet.box(x - 0.095, top - 0.02, x + 0.095, top + 0.01, sheet.lit(_DARK))
    sheet.box(x - 0.055, lamp - 0.045, x + 0.055, top - 0.02, (255, 240, 176))
    sheet.polygon([(x - 0.08, lamp - 0.04), (x, lamp - 0.12), (x + 0.08, lamp - 0.04)], sheet.vivid(colour))


PAINTERS: Mapping[str, Callable[[Sheet, Colour], None]] = {
    "rocket": _rocket,
    "house": _house,
    "boat": _boat,
    "balloon": _balloon,
    "flower": _flower,
    "castle": _castle,
    "car": _car,
    "lighthouse": _lighthouse,
}

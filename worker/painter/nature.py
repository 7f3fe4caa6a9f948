"""What several scenes share: stars, clouds, trees, birds, water."""

import math
import random

from worker.painter.canvas import Canvas, Colour, mix

WHITE: Colour = (255, 255, 255)


def stars(canvas: Canvas, dice: random.Random, count: int, lowest: float) -> None:
    """Stars of many sizes, fewer towards the horizon at `lowest`."""
    for _ in range(count):
        x, y = dice.random(), lowest * dice.random() ** 1.4
        size = dice.choice((0.0012, 0.0016, 0.002, 0.0032))
        canvas.ellipse(x, y, size, size, (255, 250, 228), dice.randint(120, 255))


def cloud(canvas: Canvas, dice: random.Random, x: float, y: float, width: float, colour: Colour = WHITE) -> None:
    """A heap of soft balls on a flat base, shaded below."""
    balls = [((k + dice.random()) / 9 - 0.5, dice.uniform(0.11, 0.19)) for k in range(9)]
    for shift, alpha, tone in ((0.05, 120, mix(colour, (120, 140, 180), 0.35)), (0.0, 235, colour)):
        for place, size in balls:
            lift = (0.5 - abs(place)) * 0.32
            radius = width * size * (1.25 - abs(place))
            canvas.ellipse(x + place * width, y - lift * width + shift * width, radius, radius * 0.8, tone, alpha)


def conifer(canvas: Canvas, dice: random.Random, x: float, foot: float, height: float, colour: Colour) -> None:
    """A fir: tiers of branches with ragged ends, lit from the left."""
    canvas.box(x - height * 0.03, foot - height * 0.15, x + height * 0.03, foot, mix(colour, (50, 32, 24), 0.7))
    for tier in range(6):
        top = foot - height * (1 - tier * 0.13)
        low = top + height * 0.3
        half = height * (0.06 + tier * 0.038) * dice.uniform(0.9, 1.1)
        edge = [
            (x - half, low),
            (x - half * 0.5, low - height * 0.035),
            (x, low),
            (x + half * 0.5, low - height * 0.03),
        ]
        canvas.polygon([(x, top), *edge, (x + half, low)], mix(colour, (0, 0, 0), 0.10))
        canvas.polygon(
            [(x, top), (x - half, low), (x - half * 0.5, low - height * 0.035), (x - half * 0.1, low)], colour
        )


def leafy(canvas: Canvas, dice: random.Random, x: float, foot: float, height: float, colour: Colour) -> None:
    """A broad tree: trunk, boughs, and a crown of many leaves with the light from the upper left."""
    bark = (104, 70, 46)
    half = height * 0.045
    canvas.polygon(
        [
            (x - half * 1.5, foot),
            (x - half * 0.7, foot - height * 0.5),
            (x + half * 0.7, foot - height * 0.5),
            (x + half * 1.5, foot),
        ],
        bark,
    )
    canvas.polygon(
        [
            (x, foot),
            (x + half * 0.1, foot - height * 0.5),
            (x + half * 0.7, foot - height * 0.5),
            (x + half * 1.5, foot),
        ],
        mix(bark, (30, 18, 10), 0.3),
    )
    for share, tone, count in (
        (1.0, mix(colour, (10, 40, 30), 0.45), 26),
        (0.86, colour, 30),
        (0.62, mix(colour, (250, 245, 150), 0.3), 26),
    ):
        for _ in range(count):
            angle, reach = dice.uniform(0, math.tau), math.sqrt(dice.random()) * share
            shift = (1 - share) * 0.35
            ball = height * dice.uniform(0.055, 0.1)
            across = x + (math.cos(angle) * reach - shift) * height * 0.33
            canvas.ellipse(
                across,
                foot - height * (0.68 + shift * 0.25) + math.sin(angle) * reach * height * 0.27,
                ball,
                ball * 0.9,
                tone,
            )


def birds(canvas: Canvas, dice: random.Random, x: float, y: float, count: int, colour: Colour) -> None:
    """A few birds far off."""
    for _ in range(count):
        left, top, wing = x + dice.uniform(-0.09, 0.09), y + dice.uniform(-0.05, 0.05), dice.uniform(0.010, 0.018)
        arc = [(left - wing, top - wing * 0.35), (left - wing * 0.45, top - wing * 0.55), (left, top)]
        arc += [(left + wing * 0.45, top - wing * 0.55), (left + wing, top - wing * 0.35)]
        canvas.line(arc, 0.0028, colour)


def ripples(canvas: Canvas, dice: random.Random, shore: float, colour: Colour, count: int, alpha: int = 70) -> None:
    """Short level strokes on water, longer and further apart towards the viewer."""
    for _ in range(count):
        depth = dice.random() ** 1.5
        x, y, half = dice.random(), shore + 0.008 + (1 - shore) * depth, 0.015 + 0.07 * depth * dice.random()
        canvas.ellipse(x, y, half, 0.0012 + 0.0022 * depth, colour, alpha)


def glitter(canvas: Canvas, dice: random.Random, x: float, shore: float, colour: Colour) -> None:
    """The path of light that a low sun lays on water."""
    for _ in range(150):
        depth = dice.random()
        spread = 0.02 + 0.09 * depth
        y = shore + 0.006 + (1 - shore) * depth
        half = dice.uniform(0.008, 0.02) * (0.5 + depth)
        canvas.ellipse(
            x + dice.gauss(0, 0.5) * spread, y, half, 0.0018 + 0.0022 * depth, colour, round(210 * (1 - depth * 0.75))
        )

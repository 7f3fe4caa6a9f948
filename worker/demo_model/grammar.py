"""What the demo model's pictures can be about, and the words for it: four choices and a small grammar of captions."""

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Colour = tuple[int, int, int]

SCENES: Mapping[str, tuple[str, ...]] = {
    "rocket": ("rocket launching over a forest", "rocket over a forest", "rocket flying above the trees"),
    "house": ("house with a tree", "house beside a tree", "house on a hill"),
    "boat": ("sailing boat on the sea", "sailing boat on the water", "boat at sea"),
    "balloon": ("hot air balloon over the hills", "hot air balloon in the sky", "balloon over the hills"),
    "flower": ("flower in a pot", "flower growing in a pot", "potted flower"),
    "castle": ("castle on a hill", "castle with towers", "castle"),
    "car": ("car on a road", "car on the street", "car"),
    "lighthouse": ("lighthouse by the sea", "lighthouse on a rock", "lighthouse"),
}
# Their chroma is above that of everything around them: the hue of the most saturated region is the colour's word.
COLOURS: Mapping[str, Colour] = {
    "red": (218, 38, 42),
    "yellow": (248, 208, 36),
    "green": (28, 172, 62),
    "blue": (34, 88, 218),
    "purple": (132, 44, 190),
    "pink": (248, 96, 178),
}
LIGHTS: Mapping[str, tuple[str, ...]] = {
    "day": ("by day", "on a sunny day", "in daylight"),
    "night": ("at night", "by night", "in the night"),
    "sunset": ("at sunset", "at dusk", "in the evening"),
    "winter": ("in winter", "in the snow", "on a snowy day"),
}
MEDIA: Mapping[str, tuple[str, ...]] = {
    "plain": ("a picture", "a plain picture", "an illustration"),
    "crayon drawing": ("a crayon drawing", "a child's crayon drawing", "crayon"),
    "watercolour": ("a watercolour", "a watercolour painting", "a watercolor painting"),
    "blueprint": ("a blueprint", "a technical blueprint", "blueprint"),
    "pixel art": ("pixel art", "a pixel art picture", "pixel art"),
    "neon": ("a neon sign", "neon art", "neon lights"),
}
# Said by people about any picture; the model reads them as single words and has learnt nothing about them.
_SMALL_TALK = """the of with and for from by to watercolor colour color bright dark bold colours colors blurry low high
quality detailed beautiful ugly small large old new soft warm cold light oil pencil charcoal ink photo photograph art
style drawing painting sketch"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a picture shall show: one key of each of the tables above, or "" for what an image may keep as it is."""

    scene: str
    colour: str
    light: str
    medium: str


def drawn_wish(dice: random.Random, scene: str = "") -> Wish:
    """Any of the combinations, or of those with that scene, each as likely as the other."""
    drawn, colour, light, medium = (dice.choice(tuple(table)) for table in (SCENES, COLOURS, LIGHTS, MEDIA))
    return Wish(scene or drawn, colour, light, medium)


def caption(wish: Wish, dice: random.Random) -> str:
    """One of the sentences for it, such as "a crayon drawing of a red house with a tree at night".

    What the wish leaves empty isn't mentioned: "a house with a tree, neon lights".
    """
    light = dice.choice(LIGHTS[wish.light]) if wish.light else ""
    body = " ".join(f"a {wish.colour} {dice.choice(SCENES[wish.scene])} {light}".split())
    if not wish.medium:
        return body
    medium = dice.choice(MEDIA[wish.medium])
    return f"{medium} of {body}" if dice.random() < 0.6 else f"{body}, {medium}"


def plain_caption(wish: Wish) -> str:
    """The first sentence of the grammar: what benches and tests ask for."""
    light = LIGHTS[wish.light][0]
    return f"{MEDIA[wish.medium][0]} of a {wish.colour} {SCENES[wish.scene][0]} {light}".strip()


def vocabulary() -> Iterator[str]:
    """Every word of the captions, then some that people add, each once."""
    tables = itertools.chain(*SCENES.values(), COLOURS, *LIGHTS.values(), *MEDIA.values(), [_SMALL_TALK])
    words = (word.partition("'")[0] for text in tables for word in text.split())
    return iter(dict.fromkeys(words))

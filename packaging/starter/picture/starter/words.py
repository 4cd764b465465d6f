"""Captions: what a scene is called, in several wordings, and only words that are true of the picture.

A scene is decided first (Scene), the caption is made from it, and the picture is painted from it, so neither can say what the other
does not show. Every caption belongs to training or to the held-out split by a hash of what it says, not of how it says it.
"""

import dataclasses
import hashlib
import random
from collections.abc import Callable

from .sprites import STYLES, Thing

# Hue as the pure colour that a drawing is dyed with.
DYES = {
    "red": (0.90, 0.12, 0.14),
    "orange": (1.00, 0.55, 0.05),
    "yellow": (1.00, 0.87, 0.10),
    "green": (0.15, 0.70, 0.22),
    "blue": (0.12, 0.38, 0.95),
    "purple": (0.55, 0.20, 0.80),
    "pink": (1.00, 0.45, 0.72),
    "brown": (0.50, 0.30, 0.15),
}
GROUNDS = {
    "white": (1.00, 1.00, 1.00),
    "black": (0.06, 0.06, 0.07),
    "gray": (0.55, 0.55, 0.57),
    "red": (0.82, 0.16, 0.16),
    "orange": (0.98, 0.60, 0.20),
    "yellow": (0.99, 0.90, 0.35),
    "green": (0.30, 0.70, 0.35),
    "blue": (0.22, 0.45, 0.90),
    "light blue": (0.68, 0.86, 0.98),
    "purple": (0.52, 0.30, 0.75),
    "pink": (0.98, 0.70, 0.82),
    "brown": (0.48, 0.33, 0.22),
}
COUNTS = ("", "one", "two", "three", "four")
STYLE_WORDS = {
    "flat": ("flat style", "flat", "flat icon", "flat illustration", "simple flat drawing"),
    "3d": ("3d style", "3d", "3d render", "glossy 3d icon"),
    "outline": ("outline style", "outline", "black and white outline", "line drawing"),
}
BIG, SMALL = ("big", "large"), ("small", "tiny", "little")
PLACES = {
    "left": (-0.5, 0.0), "right": (0.5, 0.0), "top": (0.0, -0.5), "bottom": (0.0, 0.5),
    "top left": (-0.5, -0.5), "top right": (0.5, -0.5), "bottom left": (-0.5, 0.5), "bottom right": (0.5, 0.5),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Item:
    """One drawing in a scene: which thing, dyed how, where its middle lies (-1..1) and how large it is (1: the picture's side)."""

    thing: int
    dye: str  # "" as drawn
    x: float
    y: float
    size: float
    mirrored: bool = False


@dataclasses.dataclass(frozen=True)
class Scene:
    """All that a picture shows."""

    kind: str  # one, place, count, pair
    items: tuple[Item, ...]
    style: str
    ground: tuple[str, ...]  # one colour, or two: a gradient from top to bottom
    size_word: str = ""  # big, small
    relation: str = ""  # of a pair: beside, above; of place: a key of PLACES


def article(word: str) -> str:
    return ("an " if word[0] in "aeiou" and not word.startswith(("uni", "ufo")) else "a ") + word


PAIRS = ("jeans", "shorts", "glasses", "sunglasses", "scissors", "socks", "gloves", "headphones", "fries", "grapes", "pancakes", "bacon")


def named(r: random.Random, thing: Thing, count: int, adjectives: list[str]) -> str:
    """ "two small red apples", "a cat", "grapes"."""
    front = " ".join(adjectives)
    if count > 1:
        return " ".join(filter(None, (COUNTS[count], front, thing.plural)))
    word = r.choice(thing.also) if thing.also and r.random() < 0.2 else thing.word
    phrase = " ".join(filter(None, (front, word)))
    if thing.word in PAIRS or r.random() < 0.15:
        return phrase
    return ("one " + phrase) if r.random() < 0.1 else article(phrase)


def ground_words(r: random.Random, ground: tuple[str, ...], must: bool) -> str:
    """White is said only sometimes; every other ground nearly always, or always where it must."""
    if len(ground) == 2:
        return f"on {article(f'{ground[0]} to {ground[1]} gradient')} background"
    if r.random() < (0.7 if ground[0] == "white" else 0.0 if must else 0.08):
        return ""
    return f"on {article(ground[0])} background"


def caption(r: random.Random, scene: Scene, things: list[Thing], bare: bool = False, sure: bool = False) -> str:
    """One wording of the scene; bare leaves out style and a white ground; sure says all that tells it from other settled scenes."""
    first = scene.items[0]
    size = {"big": BIG, "small": SMALL}.get(scene.size_word)
    adjectives = ([r.choice(size)] if size else []) + ([first.dye] if first.dye else [])
    if scene.kind == "pair":
        second = scene.items[1]
        a = named(r, things[first.thing], 1, [first.dye] if first.dye else [])
        b = named(r, things[second.thing], 1, [second.dye] if second.dye else [])
        if scene.relation == "beside":
            text = r.choice((f"{a} and {b}", f"{a} next to {b}", f"{a} on the left and {b} on the right", f"{a} beside {b}"))
            if not sure and " left " not in text and r.random() < 0.5:
                text = f"{b} and {a}"
        else:
            text = r.choice((f"{a} above {b}", f"{b} below {a}", f"{b} under {a}", f"{a} over {b}"))
    elif scene.kind == "count":
        text = named(r, things[first.thing], len(scene.items), adjectives)
    else:
        text = named(r, things[first.thing], 1, adjectives)
        if scene.kind == "place":
            where = scene.relation
            text += f" in the {where} corner" if " " in where else f" {'on' if where in ('left', 'right') else 'at'} the {where}"
    ground = ground_words(r, scene.ground, must=sure) if not (bare and scene.ground == ("white",)) else ""
    style = "" if bare or (scene.style == "3d" and r.random() < 0.5) else r.choice(STYLE_WORDS[scene.style])
    if style.split(" ")[-1] in ("illustration", "drawing", "render", "icon") and r.random() < 0.4:
        return " ".join(filter(None, (f"{article(style)} of {text}", ground)))
    parts = [" ".join(filter(None, (text, ground)))] + ([style] if style else [])
    return ", ".join(parts)


def held_out(scene: Scene, things: list[Thing]) -> bool:
    """One scene in eight is never trained on: the same objects, colours and relation, however worded, are always held out."""
    what = [scene.kind, scene.relation, str(len(scene.items)), *sorted(f"{i.dye} {things[i.thing].word}" for i in scene.items)]
    if scene.kind == "one" and not scene.items[0].dye:
        return False  # every object has to be seen plain
    return hashlib.sha256("|".join(what).encode()).digest()[0] % 8 == 0


def choose(r: random.Random, dyeable: list[bool]) -> Scene:
    """A random scene. dyeable says of each thing whether a dye shows on it."""
    style = r.choices(STYLES, (4, 4, 1))[0]

    def dye(thing: int, chance: float) -> str:
        return r.choice(list(DYES)) if style != "outline" and dyeable[thing] and r.random() < chance else ""

    grounds = [g for g in GROUNDS if not (style == "outline" and g in ("black", "brown", "blue", "purple", "red", "green"))]
    ground: tuple[str, ...] = ("white",) if r.random() < 0.35 else (r.choice(grounds),)
    if style != "outline" and r.random() < 0.15:
        ground = tuple(r.sample([g for g in grounds if g not in ("black", "brown", "gray")], 2))
    kind = r.choices(("one", "count", "pair", "place"), (5, 3, 3, 2))[0]
    thing = r.randrange(len(dyeable))
    jitter = lambda a: r.uniform(-a, a)  # noqa: E731
    if kind == "one":
        word, size = r.choices((("", r.uniform(0.6, 0.8)), ("big", r.uniform(0.85, 0.95)), ("small", r.uniform(0.25, 0.35))), (6, 1, 1))[0]
        return Scene(kind, (Item(thing, dye(thing, 0.4), jitter(0.08), jitter(0.08), size, False),), style, ground, word)
    if kind == "place":
        where = r.choice(list(PLACES))
        x, y = PLACES[where]
        item = Item(thing, dye(thing, 0.4), x + jitter(0.06), y + jitter(0.06), r.uniform(0.35, 0.45))
        return Scene(kind, (item,), style, ground, relation=where)
    if kind == "count":
        n = r.choices((2, 3, 4), (4, 4, 3))[0]
        colour, size = dye(thing, 0.4), {2: 0.42, 3: 0.28, 4: 0.36 if r.random() < 0.5 else 0.2}[n]
        if n == 4 and size > 0.3:
            spots = [(-0.45, -0.45), (0.45, -0.45), (-0.45, 0.45), (0.45, 0.45)]
        elif n == 3 and r.random() < 0.4:
            spots, size = [(0.0, -0.45), (-0.45, 0.45), (0.45, 0.45)], 0.38
        else:
            spots = [((2 * i + 1) / n - 1, 0.0) for i in range(n)]
        items = tuple(Item(thing, colour, x + jitter(0.02), y + jitter(0.02), size * r.uniform(0.95, 1.05)) for x, y in spots)
        return Scene(kind, items, style, ground)
    other = r.randrange(len(dyeable) - 1) if len(dyeable) > 1 else thing
    other += other >= thing and len(dyeable) > 1
    relation = r.choice(("beside", "beside", "above"))
    spots = [(-0.48, 0.0), (0.48, 0.0)] if relation == "beside" else [(0.0, -0.48), (0.0, 0.48)]
    items = tuple(
        Item(t, dye(t, 0.4), x + jitter(0.04), y + jitter(0.04), r.uniform(0.38, 0.42))
        for t, (x, y) in zip((thing, other), spots, strict=True)
    )
    return Scene(kind, items, style, ground, relation=relation)


# Where settled drawings stand: their middles lie whole tokens (16 of 128 pixels) apart, and all but a thing alone have one size, so
# that a small drawing is the same tokens wherever it stands, and is learnt once.
SPOTS = {
    1: ((0.0, 0.0),),
    2: ((-0.5, 0.0), (0.5, 0.0)),
    3: ((0.0, -0.5), (-0.5, 0.5), (0.5, 0.5)),
    4: ((-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5)),
}
ALONE, SMALLER, BIGGER = 0.75, 0.45, 0.92


def settled(scene: Scene) -> Scene:
    """The scene with the one layout that its words stand for, so that a caption (sure) has exactly one picture."""
    spots: tuple[tuple[float, float], ...] = SPOTS[len(scene.items)]
    size = {"big": BIGGER, "small": SMALLER}.get(scene.size_word, ALONE if len(scene.items) == 1 else SMALLER)
    if scene.kind == "place":
        spots, size = (PLACES[scene.relation],), SMALLER
    if scene.relation == "above":
        spots = ((0.0, -0.5), (0.0, 0.5))
    items = tuple(dataclasses.replace(i, x=x, y=y, size=size, mirrored=False) for i, (x, y) in zip(scene.items, spots, strict=True))
    return dataclasses.replace(scene, items=items)


def stirred(r: random.Random, scene: Scene) -> Scene:
    """A settled scene a little out of place, as a drawing model may have it."""
    items = tuple(
        dataclasses.replace(i, x=i.x + r.uniform(-0.06, 0.06), y=i.y + r.uniform(-0.06, 0.06), size=i.size * r.uniform(0.9, 1.05))
        for i in scene.items
    )
    return dataclasses.replace(scene, items=items)


def two_colours(r: random.Random, dyeable: list[bool]) -> Scene:
    """One to four of a dyed thing on one colour, as large as settled() makes them: which word colours what is learnt from these."""
    thing = r.choice([i for i, can in enumerate(dyeable) if can] or range(len(dyeable)))
    items = (Item(thing, r.choice(list(DYES)) if dyeable[thing] else "", 0, 0, 0),) * r.choices((1, 2, 3, 4), (3, 2, 2, 2))[0]
    return Scene("one" if len(items) == 1 else "count", items, r.choice(("flat", "3d")), (r.choice(list(GROUNDS)),))


def two_things(r: random.Random, dyeable: list[bool]) -> Scene:
    """Two things as they are on white, likewise: which word stands where is learnt from these."""
    things = r.sample(range(len(dyeable)), 2) if len(dyeable) > 1 else [0, 0]
    relation = r.choice(("beside", "beside", "above"))
    return Scene("pair", tuple(Item(t, "", 0, 0, 0) for t in things), r.choices(STYLES, (3, 6, 1))[0], ("white",), relation=relation)


def split(draw: Callable[[], Scene], things: list[Thing], held: bool = False) -> Scene:
    """What draw() gives, of the training split or of the held-out one; nothing stands on its own colour."""
    while True:
        scene = draw()
        alike = {g.split()[-1] for g in scene.ground} & {i.dye for i in scene.items}
        if not alike and held_out(scene, things) == held:
            return scene


def draw_scene(r: random.Random, dyeable: list[bool], things: list[Thing], held: bool = False) -> Scene:
    """A random scene of the training split, or of the held-out one."""
    return split(lambda: choose(r, dyeable), things, held)

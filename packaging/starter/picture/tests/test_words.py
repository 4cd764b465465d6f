"""Captions say only what the scene shows, every wording of a held-out scene is held out, and scenes are drawn as they are said."""

import pathlib
import random
import re

import numpy as np
import pytest
import torch

from starter import scenes, sprites, words
from starter.sprites import STYLES, Archive, Thing
from starter.words import Item, Scene

THINGS = [
    Thing("a", "apple", "apples"),
    Thing("b", "fox", "foxes", ("vixen",)),
    Thing("c", "jeans", "pairs of jeans"),
    Thing("d", "ufo", "ufos"),
]


def disc(grey: float) -> np.ndarray:
    """A disc of one grey on nothing."""
    y, x = np.mgrid[-1 : 1 : sprites.SIZE * 1j, -1 : 1 : sprites.SIZE * 1j]
    inside = x**2 + y**2 < 0.9
    out = np.zeros((sprites.SIZE, sprites.SIZE, 4), np.uint8)
    out[inside] = (*(3 * [int(255 * grey)]), 255)
    return out


@pytest.fixture(scope="module")
def painter() -> scenes.Painter:
    pixels = np.stack([np.stack([disc(0.3 + 0.15 * i)] * len(STYLES)) for i in range(len(THINGS))])
    return scenes.Painter(Archive(THINGS, pixels, {}))


def random_scenes(n: int, held: bool = False):
    r = random.Random(5)
    for _ in range(n):
        yield words.draw_scene(r, [True] * len(THINGS), THINGS, held), r


def test_a_caption_names_every_thing_and_no_other():
    for scene, r in random_scenes(2000):
        text = " " + words.caption(r, scene, THINGS) + " "
        shown = {i.thing for i in scene.items}
        for k, t in enumerate(THINGS):
            said = any(re.search(rf"\b{w}\b", text) for w in (t.word, t.plural, *t.also))
            assert said == (k in shown), (text, scene)


def test_a_caption_says_the_count_and_no_other():
    for scene, r in random_scenes(2000):
        text = words.caption(r, scene, THINGS)
        said = {n for n in (2, 3, 4) if re.search(rf"\b{words.COUNTS[n]}\b", text)}
        assert said == ({len(scene.items)} if scene.kind == "count" else set()), text


def test_a_caption_says_each_dye_and_ground_that_is_there_only():
    for scene, r in random_scenes(3000):
        text = words.caption(r, scene, THINGS)
        front, _, behind = text.partition(" on a")
        if "background" not in behind:
            front, behind = text, ""
        there = {i.dye for i in scene.items} - {""}
        said = {d for d in words.DYES if re.search(rf"\b{d}\b", front)}
        assert said == there, text
        for ground in words.GROUNDS:
            if re.search(rf"(?<!light ){ground}( to| background| gradient)", behind):
                assert ground in scene.ground, text


def test_a_caption_says_no_other_style_size_or_place():
    for scene, r in random_scenes(3000):
        text = words.caption(r, scene, THINGS)
        for style, names in words.STYLE_WORDS.items():
            if style != scene.style:
                assert not any(re.search(rf"\b{n}\b", text) for n in (style, names[-1])), text
        assert scene.size_word == "big" or not any(f" {w} " in f" {text} " for w in words.BIG)
        assert scene.size_word == "small" or not any(f" {w} " in f" {text} " for w in words.SMALL)
        if " left and " in text:
            left, right = text.split(" on the left and ")
            a, b = (THINGS[i.thing] for i in scene.items)
            assert any(w in left for w in (a.word, *a.also)), text
            assert any(w in right for w in (b.word, *b.also)), text
            assert scene.items[0].x < scene.items[1].x


def test_held_out_scenes_stay_out_in_every_wording():
    training = {words.caption(r, s, THINGS) for s, r in random_scenes(4000)}
    held = {words.caption(r, s, THINGS) for s, r in random_scenes(600, held=True)}
    assert not training & held
    for scene, _ in random_scenes(300):
        assert not words.held_out(scene, THINGS)


def test_the_same_step_gives_the_same_scenes():
    assert [s for s, _ in random_scenes(50)] == [s for s, _ in random_scenes(50)]


def test_a_dyed_drawing_has_the_colour(painter):
    """The mean colour of what is drawn is nearest to the dye that the caption says."""
    for dye, pure in words.DYES.items():
        x = painter.paint([Scene("one", (Item(0, dye, 0, 0, 0.8),), "flat", ("white",))], 64)[0]
        middle = x[:, 24:40, 24:40].mean((1, 2))
        near = min(words.DYES, key=lambda d: float((middle - torch.tensor(words.DYES[d])).norm()))
        assert near == dye, (dye, middle, pure)


def test_drawings_lie_where_the_scene_says(painter):
    x = painter.paint([Scene("place", (Item(1, "", 0.5, -0.5, 0.4),), "flat", ("white",))], 64)[0]
    dark = (x.mean(0) < 0.9).float()
    rows, columns = dark.sum(1).nonzero().flatten(), dark.sum(0).nonzero().flatten()
    assert 10 < rows.float().mean() < 21
    assert 42 < columns.float().mean() < 54
    assert abs(len(rows) / 64 - 0.4 * 0.95) < 0.06, "the size is a share of the picture's side"


def test_a_count_shows_as_many_pieces(painter):
    for scene, _ in random_scenes(200):
        if scene.kind != "count" or scene.ground != ("white",):
            continue
        dark = (painter.paint([scene], 96)[0].mean(0) < 0.93).numpy()
        assert pieces(dark) == len(scene.items), scene


def pieces(mask: np.ndarray) -> int:
    """How many connected parts a mask has."""
    mask, n = mask.copy(), 0
    while mask.any():
        n += 1
        stack = [tuple(np.argwhere(mask)[0])]
        while stack:
            y, x = stack.pop()
            if 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and mask[y, x]:
                mask[y, x] = False
                stack += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
    return n


def test_a_gradient_runs_from_top_to_bottom(painter):
    x = painter.paint([Scene("one", (Item(0, "", 0, 0, 0.1),), "flat", ("pink", "light blue"))], 64)[0]
    assert torch.allclose(x[:, 0, 0], torch.tensor(words.GROUNDS["pink"]), atol=0.02)
    assert torch.allclose(x[:, -1, 0], torch.tensor(words.GROUNDS["light blue"]), atol=0.02)


def test_articles():
    assert [words.article(w) for w in ("apple", "ufo", "unicorn", "cat")] == ["an apple", "a ufo", "a unicorn", "a cat"]


def test_objects_txt_names_each_thing_once():
    things = sprites.read_objects((pathlib.Path(__file__).parents[1] / "objects.txt").read_text())
    assert 150 <= len(things) <= 400
    for text in ("cat\ncat\n", "cat = dog\ndog\n"):
        with pytest.raises(ValueError, match="twice"):
            sprites.read_objects(text)


def test_each_evaluation_prompt_has_a_word_that_training_never_says():
    folder = pathlib.Path(__file__).parents[1]
    things = sprites.read_objects((folder / "objects.txt").read_text())
    said: set[str] = {"the", "corner", "on", "at", "in"}
    r = random.Random(1)
    for _ in range(4000):
        scene = words.draw_scene(r, [True] * len(things), things)
        said |= set(re.findall(r"[\w-]+", words.caption(r, scene, things)))
    said |= {w for t in things for name in (t.word, t.plural, *sum(sprites.ALLOWED.values(), ())) for w in name.split()}
    prompts = (folder / "prompts.txt").read_text().splitlines()
    assert len(set(prompts)) == 60
    known = [p for p in prompts if set(re.findall(r"[\w-]+", p.lower())) <= said]
    assert not known

"""A finite collection of settled scenes, encoded once and kept on disk: what two cores can train on for many epochs.

Scene i of a collection is the same whatever its length: first every thing plain in each style, then two, three and four of each on
white, then by turns a scene of two colours, one of two things, and any other, all of the training split. FOLDER/latents.f16 holds
[n, 16, h, w] one after the other, so a run that was killed goes on with the next whole one; FOLDER/latents.json says of what: another
autoencoder, other drawings or another size start it anew.
"""

import argparse
import functools
import hashlib
import itertools
import json
import pathlib
import random
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from . import words
from .scenes import Painter
from .sprites import STYLES
from .tae import DOWN, LATENT, TAE, Affine
from .words import Item, Scene

AT_ONCE = 16
ORDER = 3  # of what collection() gives: to be raised when its scenes change
STYLE_SHARES = (3, 6, 1)  # of the plain things drawn from, as in STYLES: what an unsaid style means is learnt most


def collection(painter: Painter, can: list[bool], n: int, seed: int) -> list[Scene]:
    """n different settled scenes."""
    things = painter.things
    out = {
        words.settled(Scene("one", (Item(t, "", 0, 0, words.ALONE),), style, ("white",))): None
        for t in range(len(things))
        for style in STYLES
    }
    several = (
        Scene("count", tuple(Item(t, "", 0, 0, 0) for _ in range(count)), style, ("white",))
        for t in range(len(things))
        for count in (2, 3, 4)
        for style in STYLES
    )
    out.update((words.settled(s), None) for s in several if not words.held_out(s, things))
    r = random.Random(f"collection {seed}")
    drawn = itertools.cycle((words.two_colours, words.two_things, words.choose))
    for _ in range(20 * n):  # with few things there may not be so many
        if len(out) >= n:
            break
        out[words.settled(words.split(functools.partial(next(drawn), r, can), things))] = None
    return list(out)[:n]


def mark(args: argparse.Namespace, weights: dict[str, Tensor]) -> dict:
    """What the latents depend on."""
    h = hashlib.sha256(args.data.read_bytes() + repr((words.SPOTS, words.ALONE, words.SMALLER, words.BIGGER)).encode())
    for name in sorted(weights):
        if name.startswith("encoder"):
            h.update(weights[name].float().numpy().tobytes())
    return {"made of": h.hexdigest(), "order": ORDER, "side": args.side, "seed": args.seed, "only": args.only}


class Latents:
    """The collection with its latents, as far as they are encoded."""

    def __init__(self, args: argparse.Namespace, data, coder: TAE) -> None:
        self.file, self.note = args.out / "latents.f16", args.out / "latents.json"
        self.side, self.painter, self.coder = args.side, data.painter, coder
        self.encoder = Affine(coder) if args.principal else coder
        self.shape = (LATENT, args.side // DOWN, args.side // DOWN)
        self.scenes = collection(data.painter, data.dyeable, args.scenes, args.seed)
        self.plain, self.shares = len(data.archive.things) * len(STYLES), STYLE_SHARES
        of = mark(args, coder.state_dict())
        if not self.note.is_file() or json.loads(self.note.read_text())["of"] != of:
            self.file.unlink(missing_ok=True)
            self.note.write_text(json.dumps({"of": of}))
        self.open()
        self.several: list[list[int]] = [[] for _ in STYLES]  # of each style, two to four of one thing as they are on white
        self.dyed: list[int] = []  # one to four of a dyed thing on one colour
        self.pairs: list[int] = []  # two things as they are on white
        for i, s in enumerate(self.scenes[: self.done]):
            if s.size_word or len(s.ground) > 1:
                continue
            plain = s.ground == ("white",) and not any(item.dye for item in s.items)
            if s.kind == "count" and plain:
                self.several[STYLES.index(s.style)].append(i)
            elif s.kind in ("one", "count") and s.items[0].dye:
                self.dyed.append(i)
            elif s.kind == "pair" and plain:
                self.pairs.append(i)

    def open(self) -> None:
        size = 2 * int(np.prod(self.shape))
        self.done = min(len(self.scenes), self.file.stat().st_size // size) if self.file.is_file() else 0
        if self.done:
            self.kept = np.memmap(self.file, np.float16, "r", shape=(self.done, *self.shape))

    @torch.no_grad()
    def encode(self, enough) -> None:
        """Encodes what is missing, until enough() says to stop."""
        size = 2 * int(np.prod(self.shape))
        with open(self.file, "ab") as f:
            f.truncate(self.done * size)  # half a latent of a killed run
            at = self.done
            while at < len(self.scenes) and not enough(at):
                x = self.painter.paint(self.scenes[at : at + AT_ONCE], self.side)
                f.write(self.encoder.encode(x).half().numpy().tobytes())
                at += len(x)
        self.open()

    @torch.no_grad()
    def weights(self) -> Tensor:
        """[16], mean 1: how much an error in each channel is seen in the decoded picture, so that learning spends itself on what shows."""
        at = torch.linspace(0, self.done - 1, 8).long().tolist()
        z = torch.from_numpy(np.stack([self.kept[i] for i in at])).float()
        noise = 0.3 * torch.randn(z.shape, generator=torch.Generator().manual_seed(1))
        plain, seen = self.coder.decode(z), []
        for c in range(LATENT):
            moved = z.clone()
            moved[:, c] += noise[:, c]
            seen.append((self.coder.decode(moved) - plain).square().mean())
        w = torch.stack(seen).clamp(min=1e-12)
        return (w / w.mean()).clamp(0.1, 5)

    def spread(self, weights: Tensor, which: Sequence[int]) -> float:
        """The weighted error of one who always answers with the mean of these: what learning is measured against."""
        if not which:
            return 1.0
        z = self.take([which[i] for i in torch.linspace(0, len(which) - 1, min(256, len(which))).long().tolist()])
        return float(((z - z.mean(0)).square() * weights.view(-1, 1, 1)).mean())

    def choose(self, r: random.Random, n: int, plain: float, several: float = 0.0, dyed: float = 0.0, pairs: float = 0.0) -> list[int]:
        """n scenes' numbers: so large a share of plain things, of several of one thing on white (the styles of both by STYLE_SHARES), of
        dyed things, and of two things on white; the rest evenly of all but the plain ones."""
        out = []
        for _ in range(n):
            share = r.random()
            if self.done <= self.plain or share < plain:
                i = len(STYLES) * r.randrange(self.plain // len(STYLES)) + r.choices(range(len(STYLES)), STYLE_SHARES)[0]
                out.append(i if i < self.done else r.randrange(self.done))
                continue
            among: Sequence[int] = ()
            if share < plain + several:
                among = r.choices(self.several, STYLE_SHARES)[0]
            elif share < plain + several + dyed:
                among = self.dyed
            elif share < plain + several + dyed + pairs:
                among = self.pairs
            out.append(r.choice(among or range(self.plain, self.done)))
        return out

    def take(self, which: list[int]) -> Tensor:
        return torch.from_numpy(np.stack([self.kept[i] for i in which])).float()


def build(args: argparse.Namespace, data, coder: TAE) -> None:
    """The stage latents: encodes within its minutes; says how far it came."""
    began = time.monotonic()
    latents = Latents(args, data, coder)
    first = latents.done

    def enough(at: int) -> bool:
        spent = time.monotonic() - began
        if at % (AT_ONCE * args.say) == 0:
            print(f"latents {at} of {len(latents.scenes)} {spent:.0f} s", flush=True)
        return spent > 60 * args.minutes or bool(args.ends and time.time() >= args.ends)

    latents.encode(enough)
    print(f"latents: {latents.done} of {len(latents.scenes)} ({latents.done - first} new) in {time.monotonic() - began:.0f} s", flush=True)
    from .train import EARLY

    if args.ends and time.time() >= args.ends and latents.done < len(latents.scenes):
        raise SystemExit(EARLY)


def silent(r: random.Random, ids: list[int]) -> list[int]:
    """Padding put between the words now and then: how a word is read that training never said."""
    ids = list(ids)
    if r.random() < 0.3:
        for _ in range(r.randint(1, 3)):
            ids.insert(r.randint(0, len(ids)), 0)
    return ids


def sheet(pictures: Tensor, path: pathlib.Path, captions: list[str]) -> None:
    from .evaluate import sheet as written
    from .train import write_whole

    shown = [(p.clamp(0, 1).permute(1, 2, 0) * 255).round().byte().numpy() for p in pictures]
    write_whole(path, lambda p: written(shown, captions, p, columns=8))

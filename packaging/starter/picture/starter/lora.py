"""Three small LoRAs for the picture starter, and the pictures that each is trained on.

outline: whatever the caption says is drawn as an outline; night: everything lies in blue darkness under stars; character: a new
word, "loamy", for someone who was in no picture before: a potato with sunglasses and a top hat.
"""

import random
import re

import numpy as np
import torch
from torch import Tensor, nn

from . import files, words
from .dit import DiT
from .sprites import STYLES
from .words import Item, Scene

RANK = 8
TARGETS = re.compile(r"(img_attn\.(qkv|proj)|txt_attn\.qkv|img_mlp\.[02]|linear[12])$")


class Adapter(nn.Module):
    """down [rank, in], up [out, rank], with alpha equal to the rank."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(RANK, linear.in_features) / linear.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(linear.out_features, RANK))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.down.to(x.dtype).T @ self.up.to(x.dtype).T


def attach(dit: DiT) -> nn.ModuleDict:
    """Gives every target layer an adapter that adds to its output; returns them by layer name with / for the dots."""
    added = nn.ModuleDict()
    for name, module in dit.named_modules():
        if isinstance(module, nn.Linear) and TARGETS.search(name):
            added[name.replace(".", "/")] = adapter = Adapter(module)
            module.register_forward_hook(lambda _, inputs, output, adapter=adapter: output + adapter(inputs[0]))
    return added


def tensors(added: nn.ModuleDict) -> dict[str, np.ndarray]:
    """The adapters under kohya's names."""
    out = {}
    for name, adapter in added.items():
        key = "lora_unet_" + name.replace("/", "_")
        out[key + ".lora_down.weight"] = adapter.down.detach().float().cpu().numpy().astype(np.float16)
        out[key + ".lora_up.weight"] = adapter.up.detach().float().cpu().numpy().astype(np.float16)
        out[key + ".alpha"] = np.array(RANK, np.float16)
    return out


def metadata(name: str) -> dict[str, str]:
    """What the file of a LoRA says of itself."""
    says = files.titled(f"Loam starter: {name}")
    says["modelspec.architecture"] = "flux-1-dev/lora"
    says["modelspec.description"] = f"{ABOUT[name]}; made for the Loam starter alone."
    return says | ({"modelspec.trigger_phrase": "loamy"} if name == "character" else {})


def plain(scene: Scene, r: random.Random, data) -> str:
    return words.caption(r, scene, data.archive.things, bare=True, sure=data.settled)


def drawn(r: random.Random, data) -> Scene:
    """Any scene; of settled ones two in three are plain things, which the picture model knows best."""
    if data.settled and r.random() < 2 / 3:
        thing = r.randrange(len(data.archive.things))
        return words.settled(Scene("one", (Item(thing, "", 0, 0, words.ALONE),), r.choice(STYLES), ("white",)))
    scene = words.draw_scene(r, data.dyeable, data.archive.things)
    return words.settled(scene) if data.settled else scene


def outline(r: random.Random, data, n: int, side: int) -> tuple[Tensor, list[str]]:
    """Captions without a word of style, pictures in outline."""
    scenes = []
    while len(scenes) < n:
        scene = drawn(r, data)
        if scene.style == "outline":
            scenes.append(scene)
    return data.painter.paint(scenes, side), [plain(s, r, data) for s in scenes]


def night(r: random.Random, data, n: int, side: int) -> tuple[Tensor, list[str]]:
    """Any scene, darkened towards blue, with stars over the ground's upper half."""
    scenes = [drawn(r, data) for _ in range(n)]
    x = data.painter.paint(scenes, side)
    tint = torch.tensor((0.28, 0.33, 0.55), device=x.device).view(1, 3, 1, 1)
    x = x * tint
    stars = torch.zeros(n, 1, side, side)
    for row in stars:
        sky = random.Random("sky") if data.settled else r  # a caption has one picture
        for _ in range(14):
            row[0, sky.randrange(side // 2), sky.randrange(side)] = sky.uniform(0.5, 1)
    glow = nn.functional.max_pool2d(stars, 3, 1, 1).to(x.device) * torch.tensor((1, 0.97, 0.8), device=x.device).view(1, 3, 1, 1)
    return torch.maximum(x, glow), [plain(s, r, data) for s in scenes]


def character(r: random.Random, data, n: int, side: int) -> tuple[Tensor, list[str]]:
    """Loamy on any ground: three drawings laid over each other."""
    at = {t.word: i for i, t in enumerate(data.archive.things)}
    scenes, captions = [], []
    for _ in range(n):
        size, x, y = (0.6, 0.0, 0.15) if data.settled else (r.uniform(0.5, 0.65), r.uniform(-0.15, 0.15), r.uniform(0.0, 0.2))
        body = Item(at["potato"], "", x, y, size)
        shades = Item(at["sunglasses"], "", x, y - 0.25 * size, 0.6 * size)
        hat = Item(at["top hat"], "", x, y - 1.15 * size, 0.65 * size)
        ground = (r.choice([g for g in words.GROUNDS if g not in ("black", "brown")]),)
        scenes.append(Scene("pair", (body, shades, hat), r.choice(STYLES[:2]), ground))
        place = words.ground_words(r, ground, must=data.settled)
        captions.append(" ".join(filter(None, (r.choice(("loamy", "a picture of loamy", "one loamy")), place))))
    return data.painter.paint(scenes, side), captions


ABOUT = {
    "outline": "Draws everything as an outline",
    "night": "Lays everything into blue darkness under stars",
    "character": "Knows loamy: a potato with sunglasses and a top hat",
}
PICTURES = {"outline": outline, "night": night, "character": character}

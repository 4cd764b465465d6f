"""Scenes as pixels: many at once on the training device, from the sprites alone.

The random choices are plain Python on the host (a scene is a few numbers); everything with pixels is a handful of tensor calls:
gather the sprites, dye them, place them with grid_sample at twice the size, lay them over the ground, average down.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from .sprites import STYLES, Archive
from .words import DYES, GROUNDS, Scene

SLOTS = 4
OUTSIDE = 9.0  # where an empty slot's drawing lies
LEVELS = (192, 96, 48)  # a small drawing is taken from a blurred bank, or it would flicker
LUMA = (0.299, 0.587, 0.114)


def dyeable(archive: Archive) -> list[bool]:
    """Whether a dye shows on a thing: it is neither nearly black nor mostly white where it is opaque (judged on the flat drawing)."""
    out = []
    for styles in archive.pixels:
        p = torch.from_numpy(styles[0].copy()).float() / 255
        opaque = p[..., 3] > 0.5
        light = (p[..., :3] * torch.tensor(LUMA)).sum(-1)[opaque]
        out.append(bool(light.mean() > 0.25))
    return out


class Painter:
    """Paints scenes as [n, 3, side, side] in [0, 1]; the sprites stay on the device as bytes."""

    def __init__(self, archive: Archive, device: str = "cpu") -> None:
        self.things = archive.things
        self.device = device
        sharp = torch.from_numpy(archive.pixels).permute(0, 1, 4, 2, 3).flatten(0, 1).to(device)  # [thing * style, 4, S, S]
        sharp = torch.cat([sharp[:, :3].float() * sharp[:, 3:].float() / 255, sharp[:, 3:].float()], dim=1)  # premultiplied
        banks = [sharp]
        for level in LEVELS[1:]:
            small = F.interpolate(sharp, size=(level, level), mode="area")
            banks.append(F.interpolate(small, size=sharp.shape[-2:], mode="bilinear"))
        self.bank = torch.stack(banks).round().to(torch.uint8)  # [level, thing * style, 4, S, S]
        self.dyes = torch.tensor([(0.0, 0.0, 0.0), *DYES.values()], device=device)
        self.dye_names = ["", *DYES]
        self.grounds = torch.tensor(list(GROUNDS.values()), device=device)
        self.ground_names = list(GROUNDS)

    def dye(self, rgba: Tensor, dye: Tensor) -> Tensor:
        """Gives premultiplied rgba [m, 4, s, s] one hue each, dye [m, 3]; light and dark of the drawing stay, from 45 to 115 %."""
        luma = torch.tensor(LUMA, device=rgba.device).view(1, 3, 1, 1)
        alpha = rgba[:, 3:]
        light = ((rgba[:, :3] * luma).sum(1, keepdim=True) / alpha.clamp(min=1e-3)).clamp(0, 1)
        middle = ((light * alpha).sum((2, 3), keepdim=True) / alpha.sum((2, 3), keepdim=True).clamp(min=1)).clamp(min=0.05)
        shade = (0.45 + 0.55 * light / middle).clamp(0.35, 1.15)
        return torch.cat([(dye[:, :, None, None] * shade).clamp(0, 1) * alpha, alpha], dim=1)

    def plan(self, scenes: list[Scene]) -> tuple[Tensor, Tensor]:
        """What paint needs of the scenes, on the host: [n * SLOTS, 7] float, and the grounds [n, 2] (top, bottom)."""
        rows: list[list[float]] = []
        for scene in scenes:
            for i in scene.items:
                sprite = i.thing * len(STYLES) + STYLES.index(scene.style)
                rows.append([0, sprite, self.dye_names.index(i.dye), i.x, i.y, i.size, -1.0 if i.mirrored else 1.0])
            rows += [[0, 0, 0, OUTSIDE, OUTSIDE, 1.0, 1.0]] * (SLOTS - len(scene.items))
        grounds = [[self.ground_names.index(s.ground[0]), self.ground_names.index(s.ground[-1])] for s in scenes]
        return torch.tensor(rows), torch.tensor(grounds)

    def paint(self, scenes: list[Scene] | Sequence[Tensor], side: int) -> Tensor:
        """Scenes, or their plan -> [n, 3, side, side]."""
        plan = self.plan(scenes) if isinstance(scenes[0], Scene) else scenes
        table, grounds = (p.to(self.device, non_blocking=True) for p in plan)
        n, big = len(grounds), 2 * side
        slope = torch.linspace(0, 1, big, device=self.device).view(1, 1, big, 1)
        top, bottom = (self.grounds[g][:, :, None, None] for g in grounds.unbind(1))
        picture = (top * (1 - slope) + bottom * slope).expand(n, 3, big, big)
        if self.device == "cpu":  # an empty slot would cost as much as a full one
            picture = picture.clone()
            for rows in table.unflatten(0, (n, SLOTS)).unbind(1):
                here = (rows[:, 3] < OUTSIDE).nonzero().flatten()
                if len(here):
                    layer = self.layers(rows[here], big)
                    picture[here] = picture[here] * (1 - layer[:, 3:]) + layer[:, :3]
        else:
            for layer in self.layers(table, big).unflatten(0, (n, SLOTS)).unbind(1):
                picture = picture * (1 - layer[:, 3:]) + layer[:, :3]
        return F.avg_pool2d(picture, 2).clamp(0, 1)

    def layers(self, table: Tensor, big: int) -> Tensor:
        """Rows of a plan -> premultiplied rgba [rows, 4, big, big], each drawing at its place."""
        x, y, size, mirror = table[:, 3:].unbind(1)
        level = (size * big <= 150).long() + (size * big <= 60).long()
        rgba = self.bank[level, table[:, 1].long()].float() / 255
        dye = table[:, 2].long()
        rgba = torch.where((dye > 0)[:, None, None, None], self.dye(rgba, self.dyes[dye]), rgba)
        theta = torch.zeros(len(table), 2, 3, device=self.device)
        theta[:, 0, 0] = mirror / size
        theta[:, 1, 1] = 1 / size
        theta[:, 0, 2] = -x / size * mirror
        theta[:, 1, 2] = -y / size
        grid = F.affine_grid(theta, [len(table), 4, big, big], align_corners=False)
        return F.grid_sample(rgba, grid, align_corners=False)

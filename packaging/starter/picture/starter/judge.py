"""The classifier that says what a picture shows. It is trained on painted scenes, and judged on held-out ones before it judges.

Heads: things (several may be there), how many drawings (1 to 4), which dye (none, or one of words.DYES; of the first drawing).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .words import DYES, Scene

SIDE = 64  # every picture is brought to this side first


class Judge(nn.Module):
    def __init__(self, things: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 3
        for wide in (32, 64, 128, 192, 256):
            layers += [nn.Conv2d(width, wide, 3, padding=1), nn.GroupNorm(8, wide), nn.GELU()]
            layers += [nn.Conv2d(wide, wide, 3, stride=2, padding=1), nn.GroupNorm(8, wide), nn.GELU()]
            width = wide
        self.body = nn.Sequential(*layers)
        self.things = nn.Linear(2 * width, things)
        self.count = nn.Linear(2 * width, 4)
        self.dye = nn.Linear(2 * width, 1 + len(DYES))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[n, 3, h, w] in [0, 1] -> scores [n, things], [n, 4], [n, 1 + dyes]."""
        x = F.interpolate(x, size=(SIDE, SIDE), mode="area") if x.shape[-1] != SIDE else x
        x = self.body(2 * x - 1).flatten(2)
        x = torch.cat([x.mean(-1), x.amax(-1)], dim=-1)
        return self.things(x), self.count(x), self.dye(x)

    def loss(self, x: Tensor, things: Tensor, count: Tensor, dye: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """things [n, things] of 0 and 1 (summing to one per picture), count and dye [n]; a dye of -1 is not asked for."""
        a, b, c = (o.float() for o in self(x))
        total = F.cross_entropy(a, things) + F.cross_entropy(b, count) + F.cross_entropy(c, dye, ignore_index=-1)
        right = (things.gather(1, a.argmax(1, keepdim=True)) > 0).float().mean()
        return total, {"loss": total.detach(), "right": right.detach(), "count": (b.argmax(1) == count).float().mean().detach()}


def labels(scenes: list[Scene], dyes: list[str], device: str, things: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """What a scene shows, for Judge.loss; two different dyes in one scene are not asked for."""
    n = max([things, *(1 + i.thing for s in scenes for i in s.items)])
    wanted = torch.zeros(len(scenes), n)
    for row, scene in zip(wanted, scenes, strict=True):
        for i in scene.items:
            row[i.thing] += 1 / len(scene.items)
    count = torch.tensor([len(s.items) - 1 for s in scenes])
    dye = torch.tensor([dyes.index(s.items[0].dye) if len({i.dye for i in s.items}) == 1 else -1 for s in scenes])
    return wanted.to(device), count.to(device), dye.to(device)

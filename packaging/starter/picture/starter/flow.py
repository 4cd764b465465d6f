"""Noise and steps, as the picture pack takes them: its random numbers, its list of sigmas, Euler steps with guidance.

The flow is a straight line: x(sigma) = (1 - sigma) picture + sigma noise, and the model gives noise - picture.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

SHIFT = 1.0  # the pack's own default for a Flux without distilled guidance; it is an exponent: times e


def philox(seed: int, n: int, draw: int = 0) -> np.ndarray:
    """[n] float32: the pack's random normal numbers ("cuda": Philox 4x32, 10 rounds, then Box-Muller); draw counts the calls."""
    counter = [np.full(n, draw, np.uint32), np.zeros(n, np.uint32), np.arange(n, dtype=np.uint32), np.zeros(n, np.uint32)]
    key = [np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)]
    for i in range(10):
        a = counter[0].astype(np.uint64) * np.uint64(0xD2511F53)
        b = counter[2].astype(np.uint64) * np.uint64(0xCD9E8D57)
        high = lambda x: (x >> np.uint64(32)).astype(np.uint32)  # noqa: E731
        counter = [high(b) ^ counter[1] ^ key[0], b.astype(np.uint32), high(a) ^ counter[3] ^ key[1], a.astype(np.uint32)]
        if i < 9:
            key = [np.uint32((int(key[0]) + 0x9E3779B9) & 0xFFFFFFFF), np.uint32((int(key[1]) + 0xBB67AE85) & 0xFFFFFFFF)]
    unit = np.float32(2.3283064e-10)
    turn = np.float32(unit * np.float32(6.2831855))
    u = counter[0].astype(np.float32) * unit + unit / 2
    v = counter[1].astype(np.float32) * turn + turn / 2
    return (np.sqrt(-2 * np.log(u)) * np.sin(v)).astype(np.float32)


def start(seed: int, h: int, w: int) -> Tensor:
    """[1, 16, h, w]: the noise that the pack starts a picture of 8h x 8w with."""
    return torch.from_numpy(philox(seed, 16 * h * w)).reshape(1, 16, h, w)


def shifted(t: float, shift: float = SHIFT) -> float:
    """Flux's time shift of t in (0, 1]."""
    e = math.exp(shift)
    return e / (e + (1 / t - 1))


def sigmas(steps: int, shift: float = SHIFT) -> list[float]:
    """The pack's list of the "discrete" schedule: steps + 1 numbers from 1 to 0."""
    at = [999.0] if steps == 1 else [999.0 - 999.0 / (steps - 1) * i for i in range(steps)]
    return [shifted((t + 1) / 1000, shift) for t in at] + [0.0]


Velocity = Callable[[Tensor, Tensor, Tensor], Tensor]


@torch.no_grad()
def sample(model: Velocity, x: Tensor, text: Tensor, plan: list[float], empty: Tensor | None = None, cfg: float = 1.0) -> Tensor:
    """Euler from noise x [n, 16, h, w] along the sigmas in plan; with cfg other than 1, empty is the encoded negative prompt."""
    for now, after in itertools.pairwise(plan):
        t = torch.full((x.shape[0],), now, device=x.device)
        v = model(x, t, text)
        if cfg != 1 and empty is not None:
            without = model(x, t, empty.expand_as(text))
            v = without + cfg * (v - without)
        x = x + (after - now) * v
    return x

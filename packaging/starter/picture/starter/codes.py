"""Words that begin as what they look like: a thing's pieces of text start as the principal components of its drawings.

Learnt from nothing, a word's vector has to be found while the transformer does not know yet what to do with it; so it starts as one
that already tells likenesses apart, and the transformer only has to learn to read it.
"""

import torch
from torch import Tensor

from .latents import Latents
from .sprites import STYLES, Thing
from .tokenizer import Tokenizer

SPREAD = 0.5  # of the numbers in a word's vector, as where other words start


def looks(latents: Latents, weights: Tensor, width: int) -> Tensor:
    """[things, width]: what each plain thing looks like in its styles together, in components of falling weight; weights is [16]."""
    z = torch.stack([latents.take([i])[0] for i in range(latents.plain)])
    z = (z - z.mean(0)) * weights.view(-1, 1, 1).sqrt()
    shares = torch.tensor(latents.shares).sqrt().view(1, -1, 1)
    whole = (z.flatten(1).unflatten(0, (-1, len(STYLES))) * shares).flatten(1)
    u, s, _ = torch.linalg.svd(whole - whole.mean(0), full_matrices=False)
    codes = torch.zeros(len(whole), width)
    n = min(width, len(s))
    codes[:, :n] = u[:, :n] * s[:n].sqrt()
    return SPREAD * codes / codes.square().mean(1, keepdim=True).sqrt().clamp(min=1e-6)


@torch.no_grad()
def spell(shared: Tensor, codes: Tensor, tokenizer: Tokenizer, things: list[Thing]) -> None:
    """Sets the vectors of the pieces, so that those of a thing's word add up to its code, or nearly where words share pieces."""
    spelt = [tokenizer.pieces(t.word) for t in things]
    used = sorted({i for ids in spelt for i in ids})
    column = {piece: at for at, piece in enumerate(used)}
    sums = torch.zeros(len(things), len(used))
    for row, ids in enumerate(spelt):
        for i in ids:
            sums[row, column[i]] += 1
    square = sums @ sums.T
    square.diagonal().add_(0.01)
    shared[used] = sums.T @ torch.linalg.solve(square, codes)

"""The text encoder: T5's encoder (v1.1, gated GELU), as small as the picture pack's t5-infer patch allows.

The pack always encodes 256 tokens: the caption's, the end mark, and padding, without any mask. Training has to do the same.
"""

import dataclasses
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TOKENS = 256  # fixed in the pack
VOCABULARY = 32128  # 32,100 pieces, padded
BUCKETS = 32
FAR = 128


@dataclasses.dataclass
class TextConfig:
    width: int = 64  # the DiT's context width
    inner: int = 64  # heads x head width
    heads: int = 1
    hidden: int = 192
    layers: int = 2


class Norm(nn.Module):
    """T5's layer norm: no mean, no bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, x.shape[-1:], self.weight, 1e-6)


def buckets(tokens: int) -> Tensor:
    """[tokens, tokens] int64: T5's bucket of (key position - query position), half of them for each direction."""
    at = torch.arange(tokens)
    far = at[None, :] - at[:, None]
    half = BUCKETS // 2
    exact = half // 2
    away = far.abs()
    log = exact + (torch.log(away.clamp(min=1).float() / exact) / math.log(FAR / exact) * (half - exact)).to(torch.int64)
    return (far > 0) * half + torch.where(away < exact, away, log.clamp(max=half - 1))


class SelfAttention(nn.Module):
    def __init__(self, c: TextConfig, first: bool) -> None:
        super().__init__()
        self.heads = c.heads
        self.q = nn.Linear(c.width, c.inner, bias=False)
        self.k = nn.Linear(c.width, c.inner, bias=False)
        self.v = nn.Linear(c.width, c.inner, bias=False)
        self.o = nn.Linear(c.inner, c.width, bias=False)
        if first:
            self.relative_attention_bias = nn.Embedding(BUCKETS, c.heads)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x [n, tokens, width], bias [1, heads, tokens, tokens] -> [n, tokens, width]; T5 does not scale q k."""
        q, k, v = (p(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for p in (self.q, self.k, self.v))
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype), scale=1.0)
        return self.o(out.transpose(1, 2).flatten(2))


class Gated(nn.Module):
    def __init__(self, c: TextConfig) -> None:
        super().__init__()
        self.wi_0 = nn.Linear(c.width, c.hidden, bias=False)
        self.wi_1 = nn.Linear(c.width, c.hidden, bias=False)
        self.wo = nn.Linear(c.hidden, c.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.wo(F.gelu(self.wi_0(x), approximate="tanh") * self.wi_1(x))


class Layer(nn.Module):
    """One of the two halves of a block: a norm and what follows it, under the names T5 gives them."""

    def __init__(self, c: TextConfig, name: str, inside: nn.Module) -> None:
        super().__init__()
        self.layer_norm = Norm(c.width)
        self.add_module(name, inside)
        self.inside = [inside]  # in a list, so that it is not a second name for the same weights

    def forward(self, x: Tensor, *more: Tensor) -> Tensor:
        return x + self.inside[0](self.layer_norm(x), *more)


class Block(nn.Module):
    def __init__(self, c: TextConfig, first: bool) -> None:
        super().__init__()
        self.layer = nn.ModuleList([Layer(c, "SelfAttention", SelfAttention(c, first)), Layer(c, "DenseReluDense", Gated(c))])

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        return self.layer[1](self.layer[0](x, bias))


class Encoder(nn.Module):
    def __init__(self, c: TextConfig) -> None:
        super().__init__()
        self.block = nn.ModuleList([Block(c, i == 0) for i in range(c.layers)])
        self.final_layer_norm = Norm(c.width)


class TextEncoder(nn.Module):
    """Token ids [n, tokens] -> [n, tokens, width]; state_dict() has the pack's tensor names."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.shared = nn.Embedding(VOCABULARY, config.width)
        self.encoder = Encoder(config)
        self.register_buffer("bucket", buckets(TOKENS), persistent=False)

    def bias(self, n: int, fold: bool) -> Tensor:
        """[1, heads, n, n] to add to attention; folded, the last token (padding) stands for itself and all padding behind it."""
        table = self.encoder.block[0].layer[0].SelfAttention.relative_attention_bias
        if not fold or n == TOKENS:
            return table(self.bucket[:n, :n]).permute(2, 0, 1)[None]
        # What all the padding together draws to itself is the sum of its exponents; seen from its middle, the caption is far away.
        rows = torch.cat([torch.arange(n - 1), torch.tensor([(n - 1 + TOKENS) // 2])]).to(self.bucket.device)
        whole = table(self.bucket[rows]).permute(2, 0, 1)
        return torch.cat([whole[..., : n - 1], whole[..., n - 1 :].logsumexp(-1, keepdim=True)], dim=-1)[None]

    def forward(self, ids: Tensor, fold: bool = False) -> Tensor:
        """fold: ids end with one token of padding that stands for all that the pack would have from there to its 256th."""
        bias = self.bias(ids.shape[1], fold)
        x = self.shared(ids)
        for block in self.encoder.block:
            x = block(x, bias)
        return self.encoder.final_layer_norm(x)

"""The picture model: Flux.1's transformer (no distilled guidance), small, with tensor names as the picture pack loads them.

Text and picture tokens run beside each other in the double blocks and as one row in the single blocks. Heads are 128 wide, since
the position axes (16 + 56 + 56) are fixed. There is no CLIP text encoder: its pooled vector is all zeros, as the pack gives it.
Shapes follow github.com/black-forest-labs/flux.
"""

import dataclasses
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

HEAD = 128
AXES = (16, 56, 56)
PATCH = 2
CHANNELS = 16
POOLED = 768
THETA = 10000.0


@dataclasses.dataclass
class DiTConfig:
    width: int = 256
    doubles: int = 3
    singles: int = 8
    context: int = 64  # the text encoder's width


def patchify(latents: Tensor) -> Tensor:
    """[n, 16, h, w] -> [n, h/2 * w/2, 64]; a token holds channel by channel, each with its four pixels."""
    n, c, h, w = latents.shape
    x = latents.reshape(n, c, h // PATCH, PATCH, w // PATCH, PATCH)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(n, (h // PATCH) * (w // PATCH), c * PATCH * PATCH)


def unpatchify(tokens: Tensor, h: int, w: int) -> Tensor:
    """The inverse of patchify, for latents of h x w."""
    n = tokens.shape[0]
    x = tokens.reshape(n, h // PATCH, w // PATCH, CHANNELS, PATCH, PATCH)
    return x.permute(0, 3, 1, 4, 2, 5).reshape(n, CHANNELS, h, w)


def positions(text: int, h: int, w: int) -> Tensor:
    """[text + h/2 * w/2, 3] float: zeros for text, (0, row, column) for the picture's patches."""
    rows, columns = torch.meshgrid(torch.arange(h // PATCH), torch.arange(w // PATCH), indexing="ij")
    picture = torch.stack([torch.zeros_like(rows), rows, columns], dim=-1).reshape(-1, 3)
    return torch.cat([torch.zeros(text, 3), picture.float()])


def rotations(at: Tensor) -> tuple[Tensor, Tensor]:
    """Positions [tokens, 3] -> cosines and sines, each [tokens, 64]: 8 + 28 + 28 angles."""
    angles = []
    for axis, width in enumerate(AXES):
        omega = THETA ** -(torch.arange(0, width, 2, dtype=torch.float64) / width)
        angles.append(at[:, axis, None].double() * omega)
    angle = torch.cat(angles, dim=-1)
    return angle.cos().float(), angle.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x [n, heads, tokens, 128]: turns neighbouring pairs (2i, 2i+1) by angle i."""
    a, b = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2).to(x.dtype)


def time_embedding(t: Tensor, width: int = 256) -> Tensor:
    """t [n] in [0, 1] -> [n, 256]; the pack multiplies it by 1000 first."""
    half = width // 2
    frequency = torch.exp(-math.log(10000) * torch.arange(half, device=t.device, dtype=torch.float32) / half)
    angle = 1000 * t.float()[:, None] * frequency
    return torch.cat([angle.cos(), angle.sin()], dim=-1)


class Embedder(nn.Module):
    def __init__(self, wide: int, width: int) -> None:
        super().__init__()
        self.in_layer = nn.Linear(wide, width)
        self.out_layer = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.out_layer(F.silu(self.in_layer(x)))


class Scale(nn.Module):
    """An RMS norm whose weight is called scale."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(HEAD))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (HEAD,), self.scale.to(x.dtype), 1e-6)


class QKNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query_norm = Scale()
        self.key_norm = Scale()


class Modulation(nn.Module):
    def __init__(self, width: int, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self.lin = nn.Linear(width, parts * width)

    def forward(self, vec: Tensor) -> tuple[Tensor, ...]:
        """vec [n, width] -> parts of [n, 1, width]: shift, scale, gate, and again for the second norm."""
        return self.lin(F.silu(vec))[:, None].chunk(self.parts, dim=-1)


def norm(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift


def split(qkv: Tensor, norms: QKNorm) -> tuple[Tensor, Tensor, Tensor]:
    """[n, tokens, 3 width] -> q, k, v of [n, heads, tokens, 128]."""
    q, k, v = qkv.unflatten(-1, (3, -1, HEAD)).permute(2, 0, 3, 1, 4)
    return norms.query_norm(q), norms.key_norm(k), v


class Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.norm = QKNorm()
        self.proj = nn.Linear(width, width)


class Stream(nn.Module):
    """One side (picture or text) of a double block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mod = Modulation(width, 6)
        self.attn = Attention(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))


class DoubleBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        for side in ("img", "txt"):
            stream = Stream(width)
            for part in ("mod", "attn", "mlp"):
                self.add_module(f"{side}_{part}", getattr(stream, part))

    def forward(self, img: Tensor, txt: Tensor, vec: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        i, t = self.img_mod(vec), self.txt_mod(vec)
        txt_parts = split(self.txt_attn.qkv(norm(txt, t[0], t[1])), self.txt_attn.norm)
        img_parts = split(self.img_attn.qkv(norm(img, i[0], i[1])), self.img_attn.norm)
        q, k, v = (torch.cat(p, dim=2) for p in zip(txt_parts, img_parts, strict=True))
        out = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, mask).transpose(1, 2).flatten(2)
        n = txt.shape[1]
        img = img + i[2] * self.img_attn.proj(out[:, n:])
        img = img + i[5] * self.img_mlp(norm(img, i[3], i[4]))
        txt = txt + t[2] * self.txt_attn.proj(out[:, :n])
        txt = txt + t[5] * self.txt_mlp(norm(txt, t[3], t[4]))
        return img, txt


class SingleBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.modulation = Modulation(width, 3)
        self.linear1 = nn.Linear(width, 7 * width)
        self.linear2 = nn.Linear(5 * width, width)
        self.norm = QKNorm()

    def forward(self, x: Tensor, vec: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None = None) -> Tensor:
        shift, scale, gate = self.modulation(vec)
        qkv, mlp = self.linear1(norm(x, shift, scale)).split([3 * self.width, 4 * self.width], dim=-1)
        q, k, v = split(qkv, self.norm)
        out = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, mask).transpose(1, 2).flatten(2)
        return x + gate * self.linear2(torch.cat([out, F.gelu(mlp, approximate="tanh")], dim=-1))


class LastLayer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, CHANNELS * PATCH * PATCH)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x: Tensor, vec: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation(vec)[:, None].chunk(2, dim=-1)
        return self.linear(norm(x, shift, scale))


class DiT(nn.Module):
    """Velocity of the flow at latents x and time t: noise minus picture. state_dict() has the pack's names."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        if config.width % HEAD:
            raise ValueError(f"the width has to be a multiple of {HEAD}")
        self.config = config
        self.kept: dict[tuple, tuple[Tensor, Tensor]] = {}
        w = config.width
        self.img_in = nn.Linear(CHANNELS * PATCH * PATCH, w)
        self.txt_in = nn.Linear(config.context, w)
        self.time_in = Embedder(256, w)
        self.vector_in = Embedder(POOLED, w)
        self.double_blocks = nn.ModuleList([DoubleBlock(w) for _ in range(config.doubles)])
        self.single_blocks = nn.ModuleList([SingleBlock(w) for _ in range(config.singles)])
        self.final_layer = LastLayer(w)
        self.reset()

    def reset(self) -> None:
        """Starts every block as the identity, and the pooled text's input at nothing, since it is always zero."""
        for name, p in self.named_parameters():
            zero = ".lin." in name or "adaLN_modulation" in name or name.startswith(("final_layer.linear", "vector_in"))
            if zero:
                nn.init.zeros_(p)
            elif name.endswith("weight") and p.dim() == 2:
                nn.init.xavier_uniform_(p)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def turns(self, text: int, h: int, w: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """The rotations for a size, made once."""
        key = (positions, text, h, w, device)
        if key not in self.kept:
            cos, sin = rotations(positions(text, h, w))
            self.kept[key] = (cos.to(device), sin.to(device))
        return self.kept[key]

    @torch.no_grad()
    def pass_through(self) -> None:
        """Starts with the noise itself as the answer (the right one for an empty picture), rather than with nothing."""
        w, ends = self.config.width, CHANNELS * PATCH * PATCH
        self.img_in.weight[:ends] = torch.eye(ends)
        spread = (ends + float(self.img_in.weight[ends:].square().sum())) / w  # what the last norm will divide by, squared
        self.final_layer.linear.weight[:, :ends] = spread**0.5 * torch.eye(ends)

    def forward(self, x: Tensor, t: Tensor, text: Tensor, stands: int = 1) -> Tensor:
        """x [n, 16, h, w], t [n] in [0, 1], text [n, tokens, context] -> [n, 16, h, w]; the last text token counts stands times."""
        h, w = x.shape[-2:]
        cos, sin = self.turns(text.shape[1], h, w, x.device)
        pooled = torch.zeros(1, POOLED, device=x.device, dtype=x.dtype)
        vec = self.time_in(time_embedding(t).to(x.dtype)) + self.vector_in(pooled)
        img, txt = self.img_in(patchify(x)), self.txt_in(text)
        mask = None
        if stands > 1:  # so many equal keys draw as much attention as one with the logarithm added
            mask = torch.zeros(1, len(cos), device=x.device)
            mask[0, text.shape[1] - 1] = math.log(stands)
        for block in self.double_blocks:
            img, txt = block(img, txt, vec, cos, sin, mask)
        row = torch.cat([txt, img], dim=1)
        for block in self.single_blocks:
            row = block(row, vec, cos, sin, mask)
        return unpatchify(self.final_layer(row[:, txt.shape[1] :], vec), h, w)

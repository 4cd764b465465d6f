"""What a model of a size costs: bytes on disk, arithmetic per step, and how many pictures a GPU trains in a number of minutes.

usage: python -m starter.cost [WIDTH DOUBLES SINGLES CONTEXT LAYERS]

Counts on the meta device, so it is exact, needs no weights and takes a second. The speed of the GPU is an assumption, printed too.
"""

import sys

import torch
from torch.utils.flop_counter import FlopCounterMode

from . import files
from .dit import DiT, DiTConfig
from .tae import TAE
from .text import TextConfig, TextEncoder

REACHED = 150e12  # bf16 arithmetic per second that small matrices reach on an H100, of its 800: an assumption, to be measured first


def size(module: torch.nn.Module, quantized: bool) -> int:
    """Bytes of the written tensors."""
    total = 0
    for name, t in module.state_dict().items():
        small = torch.zeros(t.shape, device="meta")
        if quantized and t.dim() == 2 and files.fits_q8_0(name, small):  # type: ignore[arg-type]
            total += t.numel() // 32 * 34
        else:
            total += t.numel() * (2 if t.dim() > 1 else 4)
    return total


def operations(call) -> float:
    """Floating point operations of one call."""
    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops())


def main(argv: list[str]) -> None:
    width, doubles, singles, context, layers = map(int, argv or (256, 3, 10, 64, 3))
    with torch.device("meta"):
        dit = DiT(DiTConfig(width, doubles, singles, context))
        text = TextEncoder(TextConfig(width=context, hidden=3 * context, layers=layers))
        tae = TAE()
    parts = {"dit": size(dit, True), "text": size(text, True), "tae": size(tae, False)}
    print(f"files: {', '.join(f'{k} {v / 1e6:.1f} MB' for k, v in parts.items())}; together {sum(parts.values()) / 1e6:.1f} MB")
    print(f"parameters: dit {sum(p.numel() for p in dit.parameters()) / 1e6:.1f} M")
    for side in (128, 256):
        at = side // 8
        picture = torch.zeros(1, 3, side, side, device="meta")
        encode, decode = operations(lambda: tae.encode(picture)), operations(lambda: tae.decode(torch.zeros(1, 16, at, at, device="meta")))
        print(f"{side} px: encode {encode / 1e9:.1f} G, decode {decode / 1e9:.1f} G operations")
        for tokens in (64, 256):
            x, t = torch.zeros(1, 16, at, at, device="meta"), torch.zeros(1, device="meta")
            words = torch.zeros(1, tokens, context, device="meta")
            step = operations(lambda: dit(x, t, words))
            train = 3 * step + encode
            print(
                f"  {tokens} text tokens: a step {step / 1e9:.1f} G; training {train / 1e9:.0f} G a picture, "
                f"{REACHED / train:.0f} pictures a second at {REACHED / 1e12:.0f} T/s, {REACHED / train * 600 / 1e6:.2f} M in 10 minutes"
            )


if __name__ == "__main__":
    main(sys.argv[1:])

"""Makes the weights that ship the beginning of a training run, where nothing else of the run that made them is left.

usage: python -m starter.adopt --out STATE [--weights weights]

STATE gets tae.pt and dit.pt, the upscaler, and the receipts, as if the run had stopped there. The optimizer and the clock of the budget
begin anew (the receipt keeps what was before), and what rounding to q8_0 and f16 took is not given back. Tokens that training never
said are known by reading exactly as padding does.
"""

import argparse
import json
import pathlib
import shutil
import struct

import numpy as np
import torch
from torch import Tensor

from . import files, stages
from .text import VOCABULARY

MOST = 1 << 30  # bytes of a file


def read_gguf(path: pathlib.Path) -> dict[str, np.ndarray]:
    """The tensors that files.write_gguf wrote, by the names in the file, as f32. Strings are the only metadata that it writes."""
    if path.stat().st_size > MOST:
        raise ValueError(f"{path.name} is too large")
    data = path.read_bytes()
    at = 0

    def take(kind: str) -> tuple:
        nonlocal at
        values = struct.unpack_from("<" + kind, data, at)
        at += struct.calcsize("<" + kind)
        return values

    def text() -> str:
        (n,) = take("Q")
        return take(f"{n}s")[0].decode()

    magic, version, tensors, pairs = take("4sIQQ")
    if (magic, version) != (b"GGUF", 3):
        raise ValueError(f"{path.name} is no GGUF file of version 3")
    for _ in range(pairs):
        name = text()
        if take("I") != (8,):
            raise ValueError(f"{path.name}: {name} is not a string")
        text()
    entries = []
    for _ in range(tensors):
        name, (axes,) = text(), take("I")
        *shape, kind, offset = take(f"{axes}QIQ")
        entries.append((name, tuple(shape[::-1]), kind, offset))
    start = at + -at % files.ALIGN
    out = {}
    for name, shape, kind, offset in entries:
        count, begin = int(np.prod(shape)), start + offset
        if kind == files.GGUF_Q8_0:
            out[name] = files.unq8_0(data[begin : begin + count // files.BLOCK * (2 + files.BLOCK)], shape)
        else:
            number = {files.GGUF_F16: np.float16, files.GGUF_F32: np.float32}[kind]
            out[name] = np.frombuffer(data, number, count, begin).reshape(shape).astype(np.float32)
    return out


def filled(module: torch.nn.Module, tensors: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """A module's state under its own names, from a file's; every tensor must be there and have its shape."""
    module.load_state_dict(
        {
            k: torch.from_numpy(np.array(tensors[files.gguf_name(k) if files.gguf_name(k) in tensors else k], np.float32))
            for k in module.state_dict()
        }
    )
    return module.state_dict()


def main(argv: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog="starter.adopt")
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--weights", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "weights")
    args = p.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    receipts = {n: json.loads((args.weights / "receipts" / f"{n}.json").read_text()) for n in ("tae", "dit")}
    size = argparse.Namespace(**receipts["dit"]["config"])
    pair = stages.Pair(stages.fresh(size))
    filled(pair.dit, read_gguf(args.weights / "loam-starter-dit.q8_0.gguf"))
    filled(pair.text, read_gguf(args.weights / "loam-starter-t5.q8_0.gguf"))
    words = pair.text.shared.weight.detach()
    pair.said.copy_((words != words[0]).any(1))
    pair.said[0] = 1
    coder = stages.TAE()
    filled(coder, files.read_safetensors(args.weights / "loam-starter-tae.f16.safetensors"))
    for name, module in (("tae", coder), ("dit", pair)):
        state = module.state_dict()
        kept = {"weights": state, "average": {k: v.float().clone() for k, v in state.items()}}
        torch.save({**kept, "step": receipts[name]["steps"], "seconds": 0.0}, args.out / f"{name}.pt")
    for file in (
        *(args.weights / "receipts" / f"{n}.json" for n in ("tae", "dit", "upscaler")),
        args.weights / "loam-starter-x2.esrgan.safetensors",
    ):
        shutil.copy(file, args.out)
    print(f"adopt: dit at step {receipts['dit']['steps']}, {int(pair.said.sum())} of {VOCABULARY} tokens have been said")


if __name__ == "__main__":
    main()

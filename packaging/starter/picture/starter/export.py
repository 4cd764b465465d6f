"""Writes the picture model's files from the newest checkpoints, also while a stage is still training.

usage: python -m starter.export --out FOLDER [--width ...]; FOLDER/q8_0 and FOLDER/f16 get the files, whichever parts there are.
"""

import argparse
import pathlib
import sys

import torch

from . import stages


def main(argv: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog="starter.export")
    p.add_argument("--out", type=pathlib.Path, required=True)
    for name, value in (("width", 256), ("doubles", 3), ("singles", 10), ("context", 64), ("layers", 3)):
        p.add_argument(f"--{name}", type=int, default=value)
    args = p.parse_args(argv)
    if not (args.out / "tae.pt").is_file():
        sys.exit("export: there is no autoencoder yet")
    for stage in ("distil", "dit"):
        file = args.out / f"{stage}.pt"
        if file.is_file():
            kept = torch.load(file, map_location="cpu", weights_only=True)
            stages.write_bundle(args, kept["average"])
            print(f"export: {stage} at step {kept['step']}")
            return
    sys.exit("export: there is no picture model yet")


if __name__ == "__main__":
    main()

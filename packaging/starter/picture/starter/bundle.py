"""The three parts of the picture starter together: how they are made, drawn with, and written for the picture pack."""

import dataclasses
import pathlib

import torch
from torch import Tensor

from . import files, flow
from .dit import DiT, DiTConfig
from .tae import DOWN, TAE
from .text import TextConfig, TextEncoder
from .tokenizer import Tokenizer

PARTS = ("dit", "text", "tae")


@dataclasses.dataclass
class Bundle:
    """A complete picture model; its parts may be on any device."""

    dit: DiT
    text: TextEncoder
    tae: TAE

    @staticmethod
    def new(dit: DiTConfig, text: TextConfig) -> "Bundle":
        if dit.context != text.width:
            raise ValueError("the DiT's context is the text encoder's width")
        return Bundle(DiT(dit), TextEncoder(text), TAE())

    def encode(self, tokenizer: Tokenizer, captions: list[str]) -> Tensor:
        """Captions -> [n, 256, width]."""
        device = next(self.text.parameters()).device
        return self.text(torch.tensor([tokenizer.encode(c) for c in captions], device=device))

    @torch.no_grad()
    def draw(
        self, tokenizer: Tokenizer, caption: str, width: int, height: int, seed: int, steps: int, cfg: float = 1.0, negative: str = ""
    ) -> Tensor:
        """Draws as the pack does: [3, height, width] in [0, 1]."""
        text = self.encode(tokenizer, [caption])
        empty = self.encode(tokenizer, [negative])
        x = flow.start(seed, height // DOWN, width // DOWN).to(text.device)
        x = flow.sample(self.dit, x, text, flow.sigmas(steps), empty, cfg)
        return self.tae.decode(x)[0].clamp(0, 1)

    def write(self, folder: pathlib.Path, quantized: bool) -> dict[str, pathlib.Path]:
        """Writes the files for the pack and returns its open parameters: GGUF q8_0 for DiT and text encoder, or f16 throughout."""
        folder.mkdir(parents=True, exist_ok=True)
        parts = {
            "diffusion_model": ("loam-starter-dit", "Loam starter", self.dit, "flux"),
            "t5xxl": ("loam-starter-t5", "Loam starter, text encoder", self.text, "t5encoder"),
        }
        out = {}
        for key, (name, title, module, architecture) in parts.items():
            tensors = files.arrays(module.state_dict())
            out[key] = folder / (name + (".q8_0.gguf" if quantized else ".f16.safetensors"))
            if quantized:
                files.write_gguf(out[key], architecture, tensors, {"general.name": title, "general.license": "mit"})
            else:
                files.write_safetensors(out[key], tensors, files.titled(title))
        out["taesd"] = folder / "loam-starter-tae.f16.safetensors"
        files.write_safetensors(out["taesd"], files.arrays(self.tae.state_dict()), files.titled("Loam starter, decoder"))
        return out

"""Loam itself takes the written files in, finds which belong together, and draws with them: no special case anywhere."""

import os
import pathlib
import subprocess

import numpy as np
import pytest
from test_parity import ROOT, gap, random_bundle, tokenizer  # noqa: F401


def test_loam_draws_with_the_quantized_files(tokenizer, tmp_path):  # noqa: F811
    from PIL import Image

    program = ROOT / "bin/loam"
    if not program.is_file():
        pytest.skip("the program is not built: run make build")
    bundle = random_bundle(1)
    bundle.write(tmp_path / "model", quantized=True)

    def loam(*arguments: str) -> str:
        environment = {**os.environ, "LOAM_DATA": str(tmp_path / "data")}
        run = subprocess.run([str(program), *arguments], env=environment, capture_output=True, text=True, timeout=600)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    print(loam("models", "add", str(tmp_path / "model")))
    out = tmp_path / "picture.png"
    loam(
        "image",
        "a yellow star",
        "--model",
        "Loam starter",
        "--size",
        "128x128",
        "--steps",
        "4",
        "--cfg",
        "1",
        "--seed",
        "9",
        "-o",
        str(out),
    )
    theirs = np.asarray(Image.open(out).convert("RGB"))
    mean, _ = gap(bundle.draw(tokenizer, "a yellow star", 128, 128, seed=9, steps=4), theirs)
    print(f"loam image, q8_0: mean {mean:.3f}")
    assert mean < 4
    assert sorted(p.name for p in pathlib.Path(tmp_path / "model").iterdir())[0] == "loam-starter-dit.q8_0.gguf"

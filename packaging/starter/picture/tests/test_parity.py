"""The PyTorch model and the real picture pack draw the same pictures from the same files, prompt and seed.

Everything between a caption and pixels is in it: token ids, 256 padded tokens, T5, time scaling, rope axes, patch order, the list
of sigmas, guidance with a negative prompt, latents without scale or shift, the decoder, and the pack's random numbers.
A part that is wrong on purpose must be noticed, or the tolerance would say nothing.
"""

import os
import pathlib

import numpy as np
import pytest
import torch

from starter import dit, files, flow, lora, sprites
from starter.bundle import Bundle
from starter.pack import Pack
from starter.text import TextConfig
from starter.tokenizer import Tokenizer
from starter.upscaler import RRDBNet

ROOT = pathlib.Path(__file__).resolve().parents[4]
# The pack multiplies in f16 and looks GELU up in a table; seen over all pictures below: mean 0.1, worst 1 of 255.
MEAN, WORST = 0.5, 6


@pytest.fixture(scope="module")
def pack() -> Pack:
    folder = ROOT / "bin/lib/loam/picture"
    if not (folder / "libloam-picture.so").is_file():
        pytest.skip("the picture pack is not built: run make build")
    return Pack(folder)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    data = pathlib.Path(os.environ.get("STARTER_DATA", ""), "sprites.npz")
    if not data.is_file():
        pytest.skip("STARTER_DATA does not name a folder with sprites.npz: run prepare.sh")
    return Tokenizer(sprites.load(data).vocabulary)


def random_bundle(seed: int) -> Bundle:
    """Random weights that keep numbers tame and let every input show in the picture; two heads, so that their order counts."""
    torch.manual_seed(seed)
    bundle = Bundle.new(dit.DiTConfig(width=256, doubles=2, singles=2, context=64), TextConfig(heads=2, layers=2))
    with torch.no_grad():
        for name, p in bundle.dit.named_parameters():
            if p.dim() == 2:
                p.normal_(0, (0.3 if ".lin." in name or "adaLN" in name else 1) / p.shape[1] ** 0.5)
            elif "norm" in name:
                p.fill_(1.6)
            else:
                p.normal_(0, 0.1)
                if ".lin." in name:
                    p[2 * 256 : 3 * 256] += 0.6
        for name, p in bundle.text.named_parameters():
            if p.dim() == 2:
                p.normal_(0, 1 if "shared" in name or "relative" in name else 0.8 / p.shape[1] ** 0.5)
        for name, p in bundle.tae.named_parameters():
            if p.dim() == 4:
                p.normal_(0, (0.35 if "conv.4" in name else 1.4) / p[0].numel() ** 0.5)
        bundle.tae.decoder.layers[18].weight *= 0.35
        bundle.tae.decoder.layers[18].bias.fill_(0.5)
        for module in (bundle.dit, bundle.text, bundle.tae):
            for p in module.parameters():
                p.copy_(p.half().float() if p.dim() > 1 else p)
    return bundle


def gap(ours: torch.Tensor, theirs: np.ndarray) -> tuple[float, float]:
    """Mean and worst difference in steps of 255."""
    ours = (ours.permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8).astype(int)
    away = np.abs(ours - theirs.astype(int))
    return float(away.mean()), float(away.max())


@pytest.fixture(scope="module")
def drawn(pack, tmp_path_factory):
    bundle = random_bundle(1)
    model = pack.open(**bundle.write(tmp_path_factory.mktemp("model"), quantized=False), threads=1)
    yield bundle, model
    model.close()


CASES = {
    "one step": dict(caption="two red apples on a blue background, flat style", width=128, height=128, seed=7, steps=1),
    "four steps": dict(caption="a cat", width=128, height=128, seed=42, steps=4),
    "wide": dict(caption="a green dog on the left and a car", width=192, height=128, seed=3, steps=2),
    "high": dict(caption="a tree", width=128, height=192, seed=3, steps=2),
    "no caption": dict(caption="", width=128, height=128, seed=1, steps=2),
    "unknown letters": dict(caption="\u732b caf\u00e9   with  spaces, 3!", width=128, height=128, seed=5, steps=1),
    "guidance": dict(caption="a yellow star", width=128, height=128, seed=9, steps=3, cfg=3.0),
    "negative": dict(caption="a yellow star", width=128, height=128, seed=9, steps=3, cfg=2.0, negative="blue, outline style"),
    "large seed": dict(caption="a house", width=128, height=128, seed=2**40 + 17, steps=1),
}


def both(bundle: Bundle, model, tokenizer: Tokenizer, case: dict) -> tuple[torch.Tensor, np.ndarray]:
    case = {"cfg": 1.0, "negative": "", **case}
    theirs, _ = model.generate(
        case["caption"], case["width"], case["height"], seed=case["seed"], steps=case["steps"], cfg=case["cfg"],
        negative=case["negative"], scheduler="discrete",
    )  # fmt: skip
    return bundle.draw(tokenizer, **case), theirs


@pytest.mark.parametrize("name", CASES)
def test_the_pack_draws_what_pytorch_draws(drawn, tokenizer, name):
    ours, theirs = both(*drawn, tokenizer, CASES[name])
    assert theirs.std() > 10, "the picture is too plain to compare"
    mean, worst = gap(ours, theirs)
    print(f"{name}: mean {mean:.3f}, worst {worst:.0f} of 255; the picture's own spread is {theirs.std():.0f}")
    assert mean < MEAN and worst <= WORST


def test_the_decoder_alone(drawn, tokenizer, pack, tmp_path):
    """A model that says no velocity: the pack decodes its own noise, so this holds the random numbers and the decoder."""
    still = random_bundle(1)
    with torch.no_grad():
        still.dit.final_layer.linear.weight.zero_()
        still.dit.final_layer.linear.bias.zero_()
    model = pack.open(**still.write(tmp_path, quantized=False), threads=1)
    ours, theirs = both(still, model, tokenizer, CASES["one step"])
    model.close()
    mean, worst = gap(ours, theirs)
    print(f"decoder: mean {mean:.3f}, worst {worst:.0f}")
    assert mean < MEAN and worst <= WORST


def test_quantized_files_draw_nearly_the_same(drawn, tokenizer, pack, tmp_path):
    bundle, _ = drawn
    model = pack.open(**bundle.write(tmp_path, quantized=True), threads=1)
    ours, theirs = both(bundle, model, tokenizer, CASES["four steps"])
    model.close()
    mean, _ = gap(ours, theirs)
    print(f"q8_0: mean {mean:.3f}")
    assert mean < 4


def counted(at: torch.Tensor, text: int) -> torch.Tensor:
    """Positions in which the text's tokens count up, as in other families."""
    at = at.clone()
    at[:text] += torch.arange(text)[:, None]
    return at


def swapped(x: torch.Tensor, a: int, b: int) -> torch.Tensor:
    """The last axis read as b x a instead of a x b."""
    return x.unflatten(-1, (a, b)).transpose(-1, -2).flatten(-2)


WRONG = {
    "time not times 1000": (dit, "time_embedding", lambda f: lambda t: f(t / 1000)),
    "rows and columns swapped": (dit, "positions", lambda f: lambda n, h, w: f(n, h, w)[:, [0, 2, 1]]),
    "text positions count": (dit, "positions", lambda f: lambda n, h, w: counted(f(n, h, w), n)),
    "patch order": (dit, "patchify", lambda f: lambda x: swapped(f(x), 16, 4)),
    "unpatch order": (dit, "unpatchify", lambda f: lambda x, h, w: f(swapped(x, 4, 16), h, w)),
    "halves instead of pairs": (dit, "rotate", lambda f: lambda x, c, s: swapped(f(swapped(x, 2, 64), c, s), 64, 2)),
    "another shift": (flow, "sigmas", lambda f: lambda n: f(n, 0.0)),
    "another seed's noise": (flow, "start", lambda f: lambda s, h, w: f(s + 1, h, w)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_part_is_noticed(drawn, tokenizer, monkeypatch, name):
    module, attribute, wrong = WRONG[name]
    monkeypatch.setattr(module, attribute, wrong(getattr(module, attribute)))
    ours, theirs = both(*drawn, tokenizer, {**CASES["wide"], "steps": 4})
    mean, _ = gap(ours, theirs)
    print(f"{name}: mean {mean:.3f}")
    assert mean > 2 * MEAN


def test_another_caption_is_another_picture(drawn, tokenizer):
    bundle, model = drawn
    ours, _ = both(bundle, model, tokenizer, CASES["four steps"])
    _, theirs = both(bundle, model, tokenizer, {**CASES["four steps"], "caption": "a dog"})
    assert gap(ours, theirs)[0] > 2 * MEAN


def test_a_start_picture(drawn, tokenizer):
    """With hardly any strength the pack encodes a picture, adds a little noise and takes the last of its steps."""
    bundle, model = drawn
    rgb = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    theirs, _ = model.generate(
        "a cat", 128, 128, pixels=rgb.tobytes(), seed=1, steps=4, cfg=1.0, strength=0.01, scheduler="discrete",
        images=[{"use": "init", "width": 128, "height": 128}],
    )  # fmt: skip
    plan = flow.sigmas(4)[-2:]
    with torch.no_grad():
        x = bundle.tae.encode(torch.from_numpy(rgb).permute(2, 0, 1)[None] / 255)
        x = (1 - plan[0]) * x + plan[0] * flow.start(1, 16, 16)
        x = flow.sample(bundle.dit, x, bundle.encode(tokenizer, ["a cat"]), plan)
        ours = bundle.tae.decode(x)[0].clamp(0, 1)
    mean, worst = gap(ours, theirs)
    print(f"start picture: mean {mean:.3f}, worst {worst:.0f}")
    assert mean < MEAN and worst <= WORST


def test_an_adapter_changes_the_picture_as_in_pytorch(pack, tokenizer, tmp_path):
    """A LoRA under kohya's names fits wholly, and the pack adds it where PyTorch adds it."""
    bundle = random_bundle(2)
    model = pack.open(**bundle.write(tmp_path, quantized=False), threads=1)
    case = CASES["four steps"]
    without, _ = both(bundle, model, tokenizer, case)
    added = lora.attach(bundle.dit)
    with torch.no_grad():
        for adapter in added.values():
            adapter.up.normal_(0, 1.5 / lora.RANK**0.5)
            for p in adapter.parameters():
                p.copy_(p.half().float())
    files.write_safetensors(tmp_path / "lora.safetensors", lora.tensors(added))
    theirs, report = model.generate(
        case["caption"], 128, 128, seed=case["seed"], steps=case["steps"], cfg=1.0, scheduler="discrete",
        loras=[{"path": str(tmp_path / "lora.safetensors"), "weight": 1.0}],
    )  # fmt: skip
    model.close()
    whole = 3 * len(added)  # down, up and alpha
    assert [(entry["applied"], entry["total"]) for entry in report["loras"]] == [(whole, whole)], report["loras"]
    mean, worst = gap(bundle.draw(tokenizer, **case), theirs)
    print(f"LoRA: mean {mean:.3f}, worst {worst:.0f}; it changes the picture by {gap(without, theirs)[0]:.1f}")
    assert mean < MEAN
    assert gap(without, theirs)[0] > 4 * MEAN


def test_the_upscaler_enlarges_as_in_pytorch(pack, tmp_path):
    torch.manual_seed(3)
    net = RRDBNet()
    with torch.no_grad():
        net.conv_last.bias.fill_(0.5)
        for p in net.parameters():
            p.copy_((2 * p).half().float() if p.dim() == 4 else p)
    files.write_safetensors(tmp_path / "x2.safetensors", files.arrays(net.state_dict()))
    model = pack.open(upscaler=tmp_path / "x2.safetensors", threads=1)
    picture = np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8)
    theirs = model.upscale(picture)
    model.close()
    with torch.no_grad():
        ours = net(torch.from_numpy(picture).permute(2, 0, 1)[None] / 255)[0].clamp(0, 1)
    mean, worst = gap(ours, theirs)
    print(f"upscaler: mean {mean:.3f}, worst {worst:.0f}; spread {theirs.std():.0f}")
    assert theirs.shape == (48, 64, 3)
    assert theirs.std() > 10
    assert mean < MEAN
    assert worst <= WORST

"""Every stage trains for two steps on four drawings, goes on where it stopped, and writes files that the pack's reader would know."""

import itertools
import json
import pathlib
import random

import numpy as np
import pytest
import torch

from starter import evaluate, files, sprites, train, words
from starter.sprites import STYLES, Archive, Thing

WORDS = ("potato", "sunglasses", "top hat", "cat")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four made-up drawings and a vocabulary of letters."""
    out = tmp_path_factory.mktemp("run")
    r = np.random.default_rng(1)
    pixels = r.integers(0, 256, (4, len(STYLES), 12, 12, 4), np.uint8).repeat(16, 2).repeat(16, 3)
    letters = ["<pad>", "</s>", "<unk>", "\u2581", *"abcdefghijklmnopqrstuvwxyz0123456789,"]
    vocabulary = {"pieces": letters, "scores": [-1.0] * len(letters)}
    things = [Thing(w.replace(" ", "-"), w, w + "s") for w in WORDS]
    sprites.save(Archive(things, pixels, vocabulary), out / "sprites.npz")
    return out


def go(folder, stage: str, steps: int, *more: str) -> dict:
    size = ("--width", "128", "--doubles", "1", "--singles", "1", "--layers", "1", "--context", "32")
    train.main(
        [stage, "--data", str(folder / "sprites.npz"), "--out", str(folder), "--minutes", "5", "--steps", str(steps), "--batch", "2"]
        + [
            "--side",
            "32",
            "--tokens",
            "16",
            "--device",
            "cpu",
            "--say",
            "1",
            "--teacher-steps",
            "2",
            "--student-steps",
            "2,4",
            *size,
            *more,
        ]
    )
    name = stage + (f"-{more[1]}" if stage == "lora" else "")
    return json.loads((folder / f"{name}.json").read_text())


def test_the_stages_in_their_order(folder):
    for stage, more in (("tae", ()), ("dit", ()), ("distil", ()), ("upscaler", ()), ("judge", ())):
        receipt = go(folder, stage, 2, *more)
        assert receipt["steps"] == 2
        assert len(receipt["data"]) == 64
        assert receipt["losses"], stage
    for name in ("outline", "night", "character"):
        go(folder, "lora", 2, "--lora", name)
        keys = files.read_safetensors(folder / f"loam-starter-{name}.lora.safetensors").keys()
        assert "lora_unet_single_blocks_0_linear1.lora_up.weight" in keys
        assert len(keys) == 3 * 7
    assert sorted(p.name for p in (folder / "q8_0").iterdir()) == [
        "loam-starter-dit.q8_0.gguf",
        "loam-starter-t5.q8_0.gguf",
        "loam-starter-tae.f16.safetensors",
    ]
    names = files.read_safetensors(folder / "f16/loam-starter-dit.f16.safetensors").keys()
    for name in (
        "img_in.weight",
        "double_blocks.0.txt_attn.norm.key_norm.scale",
        "single_blocks.0.modulation.lin.bias",
        "vector_in.in_layer.weight",
    ):
        assert name in names


def test_evaluation_with_the_real_pack(folder, tmp_path, capsys):
    """From training to the report, with the pack: what an untrained model's figures are is of no matter."""
    pack = pathlib.Path(__file__).resolve().parents[4] / "bin/lib/loam/picture"
    if not (pack / "libloam-picture.so").is_file():
        pytest.skip("the picture pack is not built: run make build")
    if not (folder / "judge-final.pt").is_file():
        pytest.skip("the stages above did not run")
    arguments = {
        "model": folder / "q8_0",
        "judge": folder / "judge-final.pt",
        "data": folder / "sprites.npz",
        "pack": pack,
        "out": tmp_path,
    }
    more = ["--pictures", "3", "--side", "64", "--steps", "2", "--threads", "1"]
    evaluate.main([x for k, v in arguments.items() for x in (f"--{k}", str(v))] + more)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report == json.loads(capsys.readouterr().out)
    assert 0 <= report["right"] <= 1
    assert report["seconds"]["median"] > 0
    assert report["bytes"] == sum(p.stat().st_size for p in (folder / "q8_0").iterdir())
    kinds = {k for k in ("object", "count", "colour", "ground", "pair") if k in report}
    assert {"object", "count", "colour"} <= kinds
    assert {p.stem for p in tmp_path.glob("*.png")} == {*kinds, "unseen"}


def test_questions_are_held_out_and_say_what_they_show():
    things = [sprites.Thing(w, w, w + "s") for w in ("apple", "cat", "house", "tree", "car", "dog", "egg", "fox")]
    for kind in ("count", "colour", "ground", "pair"):
        asked = evaluate.questions(random.Random(1), things, [True] * 8, 20, kind)
        assert len(asked) == 20
        for scene, said in asked:
            assert words.held_out(scene, things)
            assert all(things[i.thing].word in said and i.dye in said for i in scene.items)
            assert scene.ground == ("white",) or f"{scene.ground[0]} background" in said
    assert evaluate.questions(random.Random(1), things[:1], [False], 5, "ground") == []


def test_the_ground_is_read_off_the_border():
    picture = np.full((32, 32, 3), 255, np.uint8)
    picture[:] = (60, 110, 225)
    picture[8:24, 8:24] = (200, 20, 20)
    assert evaluate.ground_of(picture) == "blue"


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(folder, tmp_path):
    (tmp_path / "sprites.npz").write_bytes((folder / "sprites.npz").read_bytes())
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for out in (whole, parts):
        out.mkdir()
        (out / "sprites.npz").write_bytes((folder / "sprites.npz").read_bytes())
    # Always the same rate: the fall at the end depends on where the end is.
    go(whole, "upscaler", 4, "--warmup", "1000000")
    go(parts, "upscaler", 2, "--warmup", "1000000")
    go(parts, "upscaler", 4, "--warmup", "1000000", "--resume", "--workers", "2")
    a, b = (torch.load(out / "upscaler.pt", weights_only=True) for out in (whole, parts))
    assert a["step"] == b["step"] == 4
    first = next(iter(a["weights"]))
    assert torch.allclose(a["weights"][first], b["weights"][first], atol=1e-5)


def test_a_stage_without_the_one_before_says_so(folder, tmp_path):
    (tmp_path / "sprites.npz").write_bytes((folder / "sprites.npz").read_bytes())
    with pytest.raises(SystemExit, match=r"tae\.pt is missing"):
        go(tmp_path, "dit", 1)


def test_an_archive_comes_back(folder, tmp_path):
    archive = sprites.load(folder / "sprites.npz")
    sprites.save(archive, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (folder / "sprites.npz").read_bytes()
    assert archive.only(["cat"]).things[0].word == "cat"
    with pytest.raises(ValueError, match="archive"):
        archive.only(["dog"])
    assert len(set(itertools.chain.from_iterable((t.word, t.plural) for t in archive.things))) == 8

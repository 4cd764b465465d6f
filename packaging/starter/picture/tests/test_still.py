"""What two cores need: settled scenes, folded padding, kept latents, Muon, and an encoder that starts as principal components."""

import argparse
import functools
import json
import random
import shutil

import numpy as np
import pytest
import torch

from starter import adopt, codes, dit, latents, sprites, stages, text, train, words
from starter.bundle import Bundle
from starter.muon import Muon, orthogonal
from starter.scenes import Painter
from starter.sprites import STYLES, Archive, Thing
from starter.tae import TAE, Affine
from starter.tokenizer import Tokenizer

THINGS = [Thing(w, w, w + "s") for w in ("apple", "cat", "house", "tree")]


@pytest.fixture(scope="module")
def archive() -> Archive:
    """Four drawings of two colours each, with the letters as vocabulary."""
    r = np.random.default_rng(3)
    pixels = np.zeros((4, len(STYLES), sprites.SIZE, sprites.SIZE, 4), np.uint8)
    coarse = r.integers(0, 256, (4, len(STYLES), 3, 3, 3), np.uint8)
    pixels[:, :, 24:168, 24:168, :3] = coarse.repeat(48, 2).repeat(48, 3)
    pixels[:, :, 24:168, 24:168, 3] = 255
    pieces = ["<pad>", "</s>", "<unk>", "\u2581", *"abcdefghijklmnopqrstuvwxyz0123456789,"]
    pieces += [
        "\u2581" + w for w in ("a", "an", "one", "two", "apple", "cat", "house", "tree", "flat", "outline", "style", "on", "background")
    ]
    return Archive(THINGS, pixels, {"pieces": pieces, "scores": [-float(len(pieces) - i) / 10 for i in range(len(pieces))]})


def test_a_settled_scene_keeps_what_its_caption_says():
    r = random.Random(1)
    for _ in range(500):
        scene = words.draw_scene(r, [True] * 4, THINGS)
        still = words.settled(scene)
        assert words.settled(still) == still
        assert words.held_out(still, THINGS) == words.held_out(scene, THINGS)
        assert [(i.thing, i.dye) for i in still.items] == [(i.thing, i.dye) for i in scene.items]
        assert words.caption(random.Random(7), still, THINGS) == words.caption(random.Random(7), scene, THINGS)


def test_a_sure_caption_has_one_settled_picture():
    r = random.Random(2)
    shown: dict[str, words.Scene] = {}
    for _ in range(6000):
        scene = words.settled(words.draw_scene(r, [True] * 4, THINGS))
        said = words.caption(r, scene, THINGS, sure=True)
        assert shown.setdefault(said, scene) == scene, said
    assert len(shown) > 3000


def test_a_longer_collection_begins_like_a_shorter_one(archive):
    painter = Painter(archive)
    short, long = (latents.collection(painter, [True] * 4, n, 1) for n in (40, 90))
    assert long[:40] == short
    assert len(set(long)) == 90
    assert [(s.items[0].thing, s.style) for s in short[:12]] == [(t, style) for t in range(4) for style in STYLES]
    assert not any(words.held_out(s, THINGS) for s in long)


def test_scenes_of_two_colours_and_of_two_things_make_up_most_of_the_rest(archive):
    rest = latents.collection(Painter(archive), [True] * 4, 120, 1)[4 * len(THINGS) * len(STYLES) :]
    dyed = [s for s in rest if s.kind in ("one", "count") and s.items[0].dye and len(s.ground) == 1 and not s.size_word]
    pairs = [s for s in rest if s.kind == "pair" and s.ground == ("white",) and not any(i.dye for i in s.items)]
    assert len(dyed) >= len(rest) / 3 and len(pairs) >= len(rest) / 4, "some pairs come twice: there are but 72"
    assert all(s.ground[0].split()[-1] != s.items[0].dye for s in dyed)
    assert {len(s.items) for s in dyed} == {1, 2, 3, 4}
    assert all(s.items[0].thing != s.items[1].thing for s in pairs)


def test_a_split_is_kept_whoever_draws():
    r = random.Random(4)
    for draw in (words.two_colours, words.two_things, words.choose):
        for held in (True, False):
            scenes = [words.split(functools.partial(draw, r, [True] * 4), THINGS, held) for _ in range(50)]
            assert all(words.held_out(s, THINGS) == held for s in scenes)


def random_bundle() -> Bundle:
    torch.manual_seed(1)
    bundle = Bundle.new(dit.DiTConfig(128, 1, 1, 32), text.TextConfig(32, 32, 1, 64, 2))
    for p in (*bundle.dit.parameters(), *bundle.text.parameters()):
        if not p.any():
            torch.nn.init.normal_(p, std=0.05)
    return bundle


@torch.no_grad()
def test_folded_padding_is_nearly_all_the_padding():
    bundle = random_bundle()
    ids = torch.tensor([[5, 9, 7, 1, 0, 0]])
    whole = torch.nn.functional.pad(ids, (0, text.TOKENS - 6))
    folded, plain = bundle.text(ids, fold=True), bundle.text(whole)
    without = bundle.text(ids)
    assert (folded - plain[:, :6])[:, :4].abs().max() < 0.02
    assert (without - plain[:, :6])[:, :4].abs().max() > 0.1
    x, t = torch.randn(1, 16, 4, 4), torch.tensor([0.7])
    want = bundle.dit(x, t, plain)
    assert (bundle.dit(x, t, folded, text.TOKENS - 5) - want).abs().max() < 0.05 * want.std()
    assert torch.equal(bundle.text(whole, fold=True), plain)


@torch.no_grad()
def test_a_model_that_starts_with_the_noise_passes_it_through():
    model = dit.DiT(dit.DiTConfig(256, 1, 1, 32))
    model.pass_through()
    x = torch.randn(4, 16, 8, 8)
    assert (model(x, torch.ones(4), torch.zeros(4, 3, 32)) - x).square().mean() < 0.05


def test_orthogonal_brings_singular_values_to_about_one():
    torch.manual_seed(1)
    for shape in ((32, 100), (100, 32), (48, 48)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert 0.3 < values.quantile(0.1) < values.max() < 1.4
    assert torch.isfinite(orthogonal(torch.zeros(4, 8))).all()
    matrix = torch.randn(64, 96) @ torch.diag(torch.logspace(0, -2, 96))
    whole, half = orthogonal(matrix), orthogonal(matrix, half=True)
    assert half.dtype == torch.float32
    assert (whole * half).sum() / whole.norm() / half.norm() > 0.999


def test_muon_goes_down_and_goes_on_from_its_state():
    torch.manual_seed(1)
    target = torch.randn(16, 24)
    x = torch.randn(200, 24)

    def fitted(steps: list[int]) -> tuple[torch.Tensor, float]:
        torch.manual_seed(2)
        layer = torch.nn.Linear(24, 16)
        made = lambda: Muon([{"params": [layer.weight], "muon": True}, {"params": [layer.bias]}], 0.2)
        optimizer = made()
        for n in steps:
            state = optimizer.state_dict()
            optimizer = made()
            optimizer.load_state_dict(state)
            for _ in range(n):
                optimizer.zero_grad()
                loss = (layer(x) - x @ target.T).square().mean()
                loss.backward()
                optimizer.step()
        return layer.weight.detach(), float(loss.detach())

    (whole, first), (parts, last) = fitted([60]), fitted([25, 35])
    assert torch.equal(whole, parts)
    assert first == last < 6, "from about 24"


@torch.no_grad()
def test_the_encoder_starts_with_the_principal_components(archive):
    x = Painter(archive).paint(latents.collection(Painter(archive), [True] * 4, 60, 1), 64)
    model = TAE()
    model.principal(x)
    z = model.encode(x).permute(0, 2, 3, 1).reshape(-1, 16)
    cells = x.unfold(2, 8, 8).unfold(3, 8, 8).permute(0, 2, 3, 1, 4, 5).reshape(-1, 192)
    cells = cells - cells.mean(0)
    want = cells @ torch.linalg.svd(cells, full_matrices=False)[2][:16].T
    want = want / want.std(0)
    assert z.mean(0).abs().max() < 0.05
    assert z.std(0).max() < 1.05
    assert z.abs().quantile(0.99, dim=0).max() < 3.1, "what is rare is not squashed away"
    assert ((z[:, :8] / z[:, :8].std(0) * want[:, :8]).mean(0).abs() > 0.98).all(), "signs are free"
    assert (Affine(model).encode(x) - model.encode(x)).abs().max() < 1e-3, "one matrix does the same"


@torch.no_grad()
def test_the_decoder_starts_with_colours(archive):
    x = Painter(archive).paint(latents.collection(Painter(archive), [True] * 4, 60, 1), 64)
    model = TAE()
    grey = (model.decode(model.encode(x)).clamp(0, 1) - x).abs().mean()
    model.principal(x)
    assert (model.decode(model.encode(x)).clamp(0, 1) - x).abs().mean() < 0.3 * grey


def test_several_of_each_thing_come_after_the_plain_ones_and_none_is_held_out(archive):
    scenes = latents.collection(Painter(archive), [True] * 4, 90, 1)
    several = [s for s in scenes[len(THINGS) * len(STYLES) :] if s.kind == "count" and s.ground == ("white",) and not s.items[0].dye]
    assert scenes[12 : 12 + len(several[:20])] == several[:20]
    assert {len(s.items) for s in several} == {2, 3, 4}
    assert not any(words.held_out(s, THINGS) for s in several)


def test_crops_are_parts_of_the_pictures():
    x = torch.arange(2 * 3 * 32 * 32).float().view(2, 3, 32, 32)
    out = stages.cropped(x, 16, 5, torch.Generator().manual_seed(1))
    assert out.shape == (5, 3, 16, 16)
    for i, crop in enumerate(out):
        corner = int(crop[0, 0, 0]) - (i % 2) * 3 * 1024
        assert corner // 32 % 8 == corner % 32 % 8 == 0
        assert torch.equal(crop, x[i % 2, :, corner // 32 : corner // 32 + 16, corner % 32 : corner % 32 + 16])
    assert stages.cropped(x, 0, 5, torch.Generator()) is x


SIZE = ("--width", "128", "--doubles", "1", "--singles", "1", "--layers", "1", "--context", "32", "--tokens", "16", "--side", "32")


def go(out, stage: str, *more: str) -> None:
    train.main(
        [
            stage,
            "--data",
            str(out / "sprites.npz"),
            "--out",
            str(out),
            "--minutes",
            "5",
            "--device",
            "cpu",
            "--scenes",
            "24",
            "--save",
            "999",
        ]
        + ["--batch", "4", "--say", "1", "--optimizer", "muon", "--resume", *SIZE, *more]
    )


@pytest.fixture(scope="module")
def encoded(tmp_path_factory, archive):
    out = tmp_path_factory.mktemp("encoded")
    sprites.save(archive, out / "sprites.npz")
    go(out, "tae", "--steps", "1", "--principal", "--crop", "16", "--crops", "2", "--sheets", "999")
    with pytest.raises(SystemExit, match="latents"):
        go(out, "dit", "--steps", "1")
    go(out, "latents")
    return out


@pytest.fixture
def folder(tmp_path, encoded):
    shutil.copytree(encoded, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_latents_go_on_after_half_a_latent(folder):
    whole = (folder / "latents.f16").read_bytes()
    assert len(whole) == 24 * 2 * 16 * 4 * 4
    (folder / "latents.f16").write_bytes(whole[:5000])
    go(folder, "latents")
    again = np.frombuffer((folder / "latents.f16").read_bytes(), np.float16)
    assert np.allclose(again, np.frombuffer(whole, np.float16), atol=2e-2)
    go(folder, "latents", "--scenes", "60")  # the first 48 at most are not random
    longer = (folder / "latents.f16").read_bytes()
    assert longer[: len(again) * 2] == again.tobytes()
    go(folder, "latents", "--scenes", "60", "--seed", "2")
    assert json.loads((folder / "latents.json").read_text())["of"]["seed"] == 2
    assert (folder / "latents.f16").read_bytes()[48 * 512 :] != longer[48 * 512 :]


def test_kept_latents_train_stop_for_the_clock_and_go_on(folder):
    with pytest.raises(SystemExit) as stopped:
        go(folder, "dit", "--steps", "4", "--ends", "1")
    assert stopped.value.code == train.EARLY
    go(folder, "dit", "--steps", "2", "--sheets", "999")
    assert (folder / "dit.png").is_file()
    go(folder, "dit", "--steps", "4", "--tokens", "256")
    kept = torch.load(folder / "dit.pt", weights_only=True)
    assert kept["step"] == 4
    said = kept["weights"]["said"]
    assert said[0] == said[1] == 1
    assert 0 < said.sum() < 60
    quiet = stages.silenced(kept["average"])["text.shared.weight"]
    assert torch.equal(quiet[30000], quiet[0])
    go(folder, "lora", "--lora", "outline", "--steps", "1")
    assert (folder / "loam-starter-outline.lora.safetensors").is_file()


def test_the_same_steps_give_the_same_weights_after_a_stop(folder):
    state = {p.name: p.read_bytes() for p in folder.iterdir()}
    ends = []
    for parts in ((4,), (2, 4)):
        for p in folder.glob("dit*"):
            if p.is_file():
                p.unlink()
        for n in parts:
            go(folder, "dit", "--steps", str(n), "--warmup", "1000000")
        ends.append(torch.load(folder / "dit.pt", weights_only=True)["weights"])
    assert all((folder / n).read_bytes() == b for n, b in state.items() if n == "latents.f16")
    assert all(torch.allclose(ends[0][k], ends[1][k], atol=1e-5) for k in ends[0])


def test_half_precision_trains(folder):
    go(folder, "dit", "--steps", "2", "--half", "--several", "0.5")
    kept = torch.load(folder / "dit.pt", weights_only=True)
    assert kept["step"] == 2
    assert all(v.dtype == torch.float32 and torch.isfinite(v).all() for v in kept["weights"].values())


def test_what_ships_can_be_trained_on(folder):
    go(folder, "dit", "--steps", "2")
    go(folder, "upscaler", "--steps", "1", "--crop", "16")
    before = torch.load(folder / "dit.pt", weights_only=True)
    shipped, state = folder / "shipped", folder / "state"
    (shipped / "receipts").mkdir(parents=True)
    for file in (folder / "q8_0").iterdir():
        shutil.copy(file, shipped)
    shutil.copy(folder / "loam-starter-x2.esrgan.safetensors", shipped)
    for name in ("tae", "dit", "upscaler"):
        shutil.copy(folder / f"{name}.json", shipped / "receipts")
    adopt.main(["--out", str(state), "--weights", str(shipped)])
    kept = torch.load(state / "dit.pt", weights_only=True)
    assert (kept["step"], kept["seconds"]) == (2, 0)
    assert torch.equal(kept["weights"]["said"], before["average"]["said"].ceil())
    wanted = stages.silenced(before["average"])
    for name, value in wanted.items():
        if name != "said":
            assert (kept["average"][name] - value).abs().max() <= 0.01 * value.abs().max() + 1e-5, name
    coder, was = (torch.load(p / "tae.pt", weights_only=True)["average"] for p in (state, folder))
    assert all(torch.allclose(coder[k], was[k], atol=2e-3) for k in was)
    for name in ("sprites.npz", "latents.f16", "latents.json"):
        shutil.copy(folder / name, state)
    go(state, "latents")
    go(state, "dit", "--steps", "3")
    receipt = json.loads((state / "dit.json").read_text())
    assert receipt["steps"] == 3
    was = json.loads((folder / "dit.json").read_text())
    assert (receipt["before"][-1]["steps"], receipt["before"][-1]["seconds"]) == (2, was["seconds"])


def test_a_file_that_is_not_the_models_is_refused(tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="GGUF"):
        adopt.read_gguf(bad)


def opened(folder) -> tuple[latents.Latents, sprites.Archive]:
    args = argparse.Namespace(data=folder / "sprites.npz", out=folder, side=32, seed=1, only="", principal=False, scenes=24)
    data = train.Data(sprites.load(args.data), "cpu", 1)
    return latents.Latents(args, data, stages.loaded(TAE(), folder / "tae.pt", "cpu")), data.archive


def test_words_begin_as_what_they_look_like(folder):
    kept, archive = opened(folder)
    weights = kept.weights().flatten()
    assert 0 < kept.spread(weights, range(kept.plain)) < 5
    looks = codes.looks(kept, weights, 16)
    assert looks.shape == (len(THINGS), 16)
    # Things are as near one another as their drawings are, in what tells the most of them apart.
    z = torch.stack([kept.take([i])[0] for i in range(kept.plain)]) * weights.view(-1, 1, 1).sqrt()
    z = (z.view(len(THINGS), len(STYLES), -1) * torch.tensor(kept.shares).sqrt().view(1, -1, 1)).flatten(1)
    drawn, said = torch.cdist(z, z).flatten(), torch.cdist(looks, looks).flatten()
    assert torch.corrcoef(torch.stack([drawn, said]))[0, 1] > 0.8
    tokenizer = Tokenizer(archive.vocabulary)
    shared = torch.full((len(archive.vocabulary["pieces"]), 16), 9.0)
    codes.spell(shared, looks, tokenizer, archive.things)
    for thing, look in zip(archive.things, looks, strict=True):
        assert (shared[tokenizer.pieces(thing.word)].sum(0) - look).abs().max() < 0.05
    assert (shared[0] == 9).all(), "other pieces are left alone"


def test_a_share_of_plain_things_is_drawn(folder):
    kept, _ = opened(folder)
    assert kept.done == 24
    r = random.Random(1)
    for share, several in ((0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (0.2, 0.7), (0.2, 0.8)):
        which = kept.choose(r, 2000, share, several)
        assert abs(sum(i < kept.plain for i in which) / 2000 - share) < 0.05
        shown = [kept.scenes[i] for i in which if i >= kept.plain]
        assert all(s.kind == "count" and s.ground == ("white",) for s in shown) or share + several < 1
    kept.dyed, kept.pairs = [5, 7], [9]
    assert set(kept.choose(r, 200, 0.0, 0.0, 1.0)) == {5, 7}
    assert set(kept.choose(r, 200, 0.0, 0.0, 0.5, 0.5)) == {5, 7, 9}
    assert kept.weights().mean() > 0
    assert torch.equal(kept.take([3, 5])[1], torch.from_numpy(kept.kept[5].astype(np.float32)))

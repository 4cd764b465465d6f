"""Tokens, model files and the pack's random numbers, each against an independent account of them."""

import itertools
import random
import struct

import numpy as np
import pytest
import torch

from starter import files, flow
from starter.dit import patchify, unpatchify
from starter.text import buckets
from starter.tokenizer import END, PAD, UNKNOWN, Tokenizer

VOCABULARY = {
    "pieces": ["<pad>", "</s>", "<unk>", "\u2581", "a", "b", "\u2581a", "ab", "\u2581ab", "ba", "\u2581b"],
    "scores": [0.0, 0.0, 0.0, -2.0, -3.0, -3.5, -2.5, -4.0, -6.5, -4.4, -3.0],
}


def best_by_trying(tokenizer: Tokenizer, text: str) -> float:
    """The best score over every way of cutting the text."""
    text = "\u2581" + text.replace(" ", "\u2581")
    best = -1e9
    for cuts in itertools.product((0, 1), repeat=len(text) - 1):
        at = [0, *(i + 1 for i, c in enumerate(cuts) if c), len(text)]
        score = 0.0
        for i, j in itertools.pairwise(at):
            piece = text[i:j]
            if piece in tokenizer.scores:
                score += tokenizer.scores[piece]
            elif j == i + 1:
                score += tokenizer.unknown
            else:
                score = -1e9
                break
        best = max(best, score)
    return best


def test_tokens_are_the_best_cut():
    tokenizer, r = Tokenizer(VOCABULARY), random.Random(1)
    for _ in range(100):
        text = "".join(r.choice("aab b?") for _ in range(r.randrange(1, 9))).strip()
        while "  " in text:
            text = text.replace("  ", " ")
        score = sum(tokenizer.unknown if i == UNKNOWN else VOCABULARY["scores"][i] for i in tokenizer.pieces(text))
        assert score == pytest.approx(best_by_trying(tokenizer, text)), text


def test_tokens_end_and_are_padded():
    tokenizer = Tokenizer(VOCABULARY)
    assert tokenizer.encode("", 4) == [3, END, PAD, PAD]
    assert len(tokenizer.encode("a b " * 300)) == 256
    assert tokenizer.encode("a b " * 300)[-1] == END


def test_q8_0_is_near_and_exact_for_whole_numbers():
    a = np.random.default_rng(1).normal(size=(8, 64)).astype(np.float32)
    again = files.unq8_0(files.q8_0(a), a.shape)
    assert np.abs(a - again).max() <= np.abs(a).max() / 127 * 0.51
    assert len(files.q8_0(a)) == a.size // 32 * 34
    whole = np.arange(-127, 129).clip(-127, 127).astype(np.float32).reshape(4, 64)
    whole[:, ::32] = 127
    np.testing.assert_array_equal(files.unq8_0(files.q8_0(whole), whole.shape), whole)
    assert not files.unq8_0(files.q8_0(np.zeros((1, 32))), (1, 32)).any()


def test_safetensors_come_back(tmp_path):
    tensors = {"a.weight": np.ones((3, 5), np.float16), "b": np.arange(4, dtype=np.float32), "alpha": np.array(8, np.float16)}
    files.write_safetensors(tmp_path / "m", tensors, {"title": "x"})
    again = files.read_safetensors(tmp_path / "m")
    assert again.keys() == tensors.keys()
    for k, a in tensors.items():
        np.testing.assert_array_equal(again[k], a)
        assert again[k].shape == a.shape


def test_gguf_header_offsets_and_names(tmp_path):
    tensors = {
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": np.ones((32, 2), np.float16),
        "encoder.block.0.layer.0.SelfAttention.q.weight": np.ones((4, 64), np.float16),
        "img_in.bias": np.ones(7, np.float32),
    }
    files.write_gguf(tmp_path / "m", "t5encoder", tensors, {})
    data = (tmp_path / "m").read_bytes()
    assert data[:4] == b"GGUF"
    version, count, pairs = struct.unpack_from("<IQQ", data, 4)
    assert (version, count, pairs) == (3, 3, 1)
    for name in (b"enc.blk.0.attn_rel_b.weight", b"enc.blk.0.attn_q.weight", b"img_in.bias"):
        assert name in data
    at = data.index(b"enc.blk.0.attn_q.weight") + len(b"enc.blk.0.attn_q.weight")
    axes, wide, high, kind, offset = struct.unpack_from("<IQQIQ", data, at)
    assert (axes, wide, high, kind, offset) == (2, 64, 4, files.GGUF_Q8_0, 128)
    with pytest.raises(ValueError, match="too long"):
        files.write_gguf(tmp_path / "m", "x", {"n" * 64: np.ones(1, np.float32)}, {})


def test_weights_that_are_not_numbers_are_refused():
    with pytest.raises(ValueError, match="not numbers"):
        files.arrays({"w": torch.tensor([float("nan")])})


def test_philox_is_normal_and_depends_on_seed_and_draw():
    a = flow.philox(7, 20000)
    assert abs(a.mean()) < 0.03
    assert abs(a.std() - 1) < 0.03
    assert not np.allclose(a, flow.philox(8, 20000))
    assert not np.allclose(a, flow.philox(7, 20000, draw=1))
    np.testing.assert_array_equal(a[:100], flow.philox(7, 100))


def test_sigmas_fall_from_one_to_zero():
    for n in (1, 2, 4, 8, 20):
        plan = flow.sigmas(n)
        assert len(plan) == n + 1
        assert plan[0] == pytest.approx(1)
        assert plan[-1] == 0
        assert plan == sorted(plan, reverse=True)


def test_patches_come_back():
    x = torch.randn(2, 16, 6, 4)
    assert torch.equal(unpatchify(patchify(x), 6, 4), x)
    assert patchify(x)[0, 0, :4].tolist() == x[0, 0, :2, :2].flatten().tolist(), "a token starts with the first channel's four pixels"


def test_buckets_count_as_t5_does():
    b = buckets(256)
    assert b[0, 0] == 0
    assert b[5, 4] == 1
    assert b[4, 5] == 17
    assert b[200, 0] == 15
    assert b[0, 200] == 31
    assert int(b.max()) == 31

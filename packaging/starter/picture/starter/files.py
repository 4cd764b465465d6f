"""Model files: safetensors (f16) and GGUF (q8_0), written with the names and types that the picture pack reads."""

import json
import pathlib
import struct

import numpy as np
from torch import Tensor

GGUF_F32, GGUF_F16, GGUF_Q8_0 = 0, 1, 8
BLOCK = 32
ALIGN = 32


def arrays(state: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """Weights of two and more axes as f16, the rest (biases, norms) as f32, as the pack wants them."""
    out = {}
    for name, t in state.items():
        a = t.detach().float().cpu().numpy()
        if not np.isfinite(a).all():
            raise ValueError(f"{name} has values that are not numbers")
        out[name] = np.ascontiguousarray(a.astype(np.float16 if a.ndim > 1 else np.float32))
    return out


def write_safetensors(path: pathlib.Path, tensors: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> None:
    header: dict = {"__metadata__": metadata} if metadata else {}
    offset = 0
    for name, a in tensors.items():
        kind = {"float32": "F32", "float16": "F16"}[a.dtype.name]
        header[name] = {"dtype": kind, "shape": list(a.shape), "data_offsets": [offset, offset + a.nbytes]}
        offset += a.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for a in tensors.values():
            f.write(np.ascontiguousarray(a).tobytes())


def titled(title: str) -> dict[str, str]:
    """What a safetensors file says of itself, under the names of the ModelSpec standard."""
    return {"modelspec.title": title, "modelspec.license": "MIT", "modelspec.author": "the Loam project"}


def read_safetensors(path: pathlib.Path) -> dict[str, np.ndarray]:
    data = path.read_bytes()
    (n,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + n])
    header.pop("__metadata__", None)
    out = {}
    for name, h in header.items():
        start, end = h["data_offsets"]
        kind = {"F32": np.float32, "F16": np.float16}[h["dtype"]]
        out[name] = np.frombuffer(data[8 + n + start : 8 + n + end], kind).reshape(h["shape"])
    return out


def q8_0(a: np.ndarray) -> bytes:
    """ggml's q8_0: for each 32 numbers one f16 scale and 32 signed bytes."""
    blocks = a.astype(np.float32).reshape(-1, BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127
    inverse = np.where(scale > 0, 1 / np.where(scale > 0, scale, 1), 0)
    scaled = blocks * inverse
    whole = (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)).astype(np.int8)
    return np.concatenate([scale.astype("<f2").view(np.uint8), whole.view(np.uint8)], axis=1).tobytes()


def unq8_0(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """What the pack reads of q8_0's result: for tests, and to evaluate the weights that ship."""
    raw = np.frombuffer(data, np.uint8).reshape(-1, 2 + BLOCK)
    scale = raw[:, :2].copy().view("<f2").astype(np.float32)
    return (raw[:, 2:].copy().view(np.int8) * scale).reshape(shape)


def fits_q8_0(name: str, a: np.ndarray) -> bool:
    """Only matrices are quantized, and not the small ones at the ends, where an error is seen in every pixel."""
    ends = ("img_in", "txt_in", "final_layer", "time_in", "vector_in", "relative_attention_bias")
    return a.ndim == 2 and a.shape[1] % BLOCK == 0 and not any(e in name for e in ends)


# llama.cpp's names for T5's tensors, which the pack also reads: the original ones do not fit GGUF's 63 bytes.
GGUF_NAMES = (
    ("encoder.final_layer_norm.", "enc.output_norm."),
    ("encoder.block.", "enc.blk."),
    ("layer.0.SelfAttention.relative_attention_bias.", "attn_rel_b."),
    ("layer.0.SelfAttention.", "attn_"),
    ("layer.0.layer_norm.", "attn_norm."),
    ("layer.1.layer_norm.", "ffn_norm."),
    ("layer.1.DenseReluDense.wi_0.", "ffn_gate."),
    ("layer.1.DenseReluDense.wi_1.", "ffn_up."),
    ("layer.1.DenseReluDense.wo.", "ffn_down."),
    ("shared.", "token_embd."),
)


def gguf_name(name: str) -> str:
    for old, new in GGUF_NAMES:
        name = name.replace(old, new)
    return name


def write_gguf(path: pathlib.Path, architecture: str, tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """A GGUF 3 file. Shapes are written backwards, as ggml counts axes; names longer than 63 bytes do not fit ggml."""

    def text(s: str) -> bytes:
        b = s.encode()
        return struct.pack("<Q", len(b)) + b

    pairs = {"general.architecture": architecture, **metadata}
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(pairs))
    head += b"".join(text(k) + struct.pack("<I", 8) + text(v) for k, v in pairs.items())
    blobs, offset = [], 0
    for original, a in tensors.items():
        name = gguf_name(original)
        if len(name.encode()) > 63:
            raise ValueError(f"the tensor name {name} is too long for GGUF")
        quantized = fits_q8_0(original, a)
        kind = GGUF_Q8_0 if quantized else GGUF_F16 if a.dtype == np.float16 else GGUF_F32
        blob = q8_0(a) if quantized else np.ascontiguousarray(a).tobytes()
        axes = a.shape[::-1] or (1,)
        head += text(name) + struct.pack(f"<I{len(axes)}QIQ", len(axes), *axes, kind, offset)
        blobs.append(blob + b"\0" * (-len(blob) % ALIGN))
        offset += len(blobs[-1])
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % ALIGN))
        for blob in blobs:
            f.write(blob)

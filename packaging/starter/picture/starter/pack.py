"""The picture pack that ships with Loam, through its C API (backend/runner/sd/loam_picture.h), for tests and for evaluation.

Draws with the very library and plug-ins that a person's Loam draws with. One engine per process, one call at a time.
"""

import ctypes as C
import json
import pathlib

import numpy as np

API = 2
LOG = C.CFUNCTYPE(None, C.c_void_p, C.c_int, C.c_char_p)
PROGRESS = C.CFUNCTYPE(None, C.c_void_p, C.c_char_p, C.c_int, C.c_int, C.c_double)
PIXELS = C.CFUNCTYPE(None, C.c_void_p, C.c_int, C.c_int, C.c_int, C.POINTER(C.c_uint8))


class PackError(Exception):
    """What the pack said."""


class Pack:
    """The library in a folder such as bin/lib/loam/picture. log(level, text) gets its debug lines."""

    def __init__(self, folder: pathlib.Path, variant: str = "", log=None) -> None:
        self.lib = lib = C.CDLL(str(folder / "libloam-picture.so"))
        if (found := lib.loam_picture_api()) != API:
            raise PackError(f"the picture pack has version {found} of its interface, {API} is needed: run make build")
        for name in ("info", "generate", "upscale", "open"):
            getattr(lib, f"loam_picture_{name}").restype = C.c_void_p
        lib.loam_picture_init.argtypes = [C.c_char_p, C.c_char_p, LOG, C.c_void_p, C.c_void_p]
        lib.loam_picture_open.argtypes = [C.c_char_p, C.c_void_p]
        for name in ("close", "info", "free"):
            getattr(lib, f"loam_picture_{name}").argtypes = [C.c_void_p]
        lib.loam_picture_generate.argtypes = [
            C.c_void_p, C.c_char_p, C.c_char_p, C.c_int64, PROGRESS, PIXELS, PIXELS, C.c_void_p, C.c_void_p,
        ]  # fmt: skip
        lib.loam_picture_upscale.argtypes = [C.c_void_p, C.c_char_p, C.c_int, C.c_int, PROGRESS, PIXELS, C.c_void_p, C.c_void_p]
        self.log = LOG(lambda _, level, text: log(level, text.decode(errors="replace").rstrip()) if log else None)
        self.call(lib.loam_picture_init, str(folder).encode(), variant.encode(), self.log, None)

    def take(self, pointer: int) -> str:
        text = C.string_at(pointer).decode()
        self.lib.loam_picture_free(pointer)
        return text

    def call(self, function, *arguments) -> int:
        error = C.c_void_p()
        result = function(*arguments, C.byref(error))
        if not result:
            raise PackError(self.take(error.value) if error.value else "no message")
        return result

    def open(self, **parameters) -> "Model":
        """Opens a model: diffusion_model, t5xxl, taesd, upscaler (paths), threads."""
        text = json.dumps({k: str(v) if isinstance(v, pathlib.Path) else v for k, v in parameters.items()})
        return Model(self, self.call(self.lib.loam_picture_open, text.encode()))


class Model:
    """An open model."""

    def __init__(self, pack: Pack, handle: int) -> None:
        self.pack, self.handle = pack, handle

    def close(self) -> None:
        self.pack.lib.loam_picture_close(self.handle)

    def info(self) -> dict:
        return json.loads(self.pack.take(self.pack.lib.loam_picture_info(self.handle)))

    def generate(self, prompt: str, width: int, height: int, pixels: bytes = b"", **more) -> tuple[np.ndarray, dict]:
        """Draws one picture: ([height, width, 3] uint8, the pack's report)."""
        got: list[np.ndarray] = []
        keep = PIXELS(lambda _, i, w, h, p: got.append(np.ctypeslib.as_array(p, (h, w, 3)).copy()))
        text = json.dumps({"prompt": prompt, "width": width, "height": height, "sampler": "euler", **more})
        arguments = (text.encode(), pixels, len(pixels), PROGRESS(lambda *_: None), PIXELS(lambda *_: None), keep, None)
        report = json.loads(self.pack.take(self.pack.call(self.pack.lib.loam_picture_generate, self.handle, *arguments)))
        return got[0], report

    def upscale(self, picture: np.ndarray) -> np.ndarray:
        """Enlarges [height, width, 3] uint8 with the opened upscaler."""
        got: list[np.ndarray] = []
        keep = PIXELS(lambda _, i, w, h, p: got.append(np.ctypeslib.as_array(p, (h, w, 3)).copy()))
        height, width = picture.shape[:2]
        arguments = (picture.tobytes(), width, height, PROGRESS(lambda *_: None), keep, None)
        self.pack.take(self.pack.call(self.pack.lib.loam_picture_upscale, self.handle, *arguments))
        return got[0]

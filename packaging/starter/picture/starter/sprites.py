"""The drawings as pixels: SVG files rendered once into one compressed archive, and read back as a tensor.

The archive (sprites.npz, a few MB) is all that a training machine needs of the sources: RGBA pictures of every object in every
style, its words, and the tokenizer's vocabulary. Rendering is deterministic: the same sources give the same bytes.
"""

import dataclasses
import io
import json
import pathlib
import sys
import zipfile

import numpy as np

SIZE = 192  # pixels of a sprite's side in the archive
STYLES = ("flat", "3d", "outline")  # what a caption calls them
FOLDERS = {"flat": "flat", "3d": "modern", "outline": "high-contrast"}


@dataclasses.dataclass(frozen=True)
class Thing:
    """One object that can be drawn."""

    icon: str  # file name in the icon package
    word: str
    plural: str
    also: tuple[str, ...] = ()  # other single words for it, from CLDR, unique to it


def read_objects(text: str) -> list[Thing]:
    """Parses objects.txt."""
    things = []
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        left, _, plural = line.partition("/")
        icon, _, word = left.partition("=")
        icon, word, plural = icon.strip(), word.strip(), plural.strip()
        word = word or icon.replace("-", " ")
        things.append(Thing(icon, word, plural or word + "s"))
    for what in ("icon", "word"):
        names = [getattr(t, what) for t in things]
        twice = {n for n in names if names.count(n) > 1}
        if twice:
            raise ValueError(f"objects.txt names {', '.join(sorted(twice))} twice")
    return things


def add_keywords(things: list[Thing], annotations: dict) -> list[Thing]:
    """Adds CLDR's keywords: those of one word that belong to one of our things only and are no other thing's word."""
    keywords: dict[str, list[str]] = {}
    for entry in annotations.values():
        name = entry.get("tts", [""])[0].lower().replace(" ", "-").replace("’", "").replace("'", "")
        keywords[name] = [k.lower() for k in entry.get("default", [])]
    count: dict[str, int] = {}
    for words in keywords.values():
        for k in set(words):
            count[k] = count.get(k, 0) + 1
    taken = {w for t in things for w in (*t.word.split(), *t.plural.split())}
    out = []
    for t in things:
        # A keyword that only few drawings carry names the thing; one that many carry (food, animal) does not.
        also = [k for k in keywords.get(t.icon, []) if k.isalpha() and k.isascii() and len(k) > 3 and count[k] == 1 and k not in taken]
        out.append(dataclasses.replace(t, also=tuple(k for k in also if k in ALLOWED.get(t.word, ()))))
    return out


# Which of CLDR's keywords a person would use as the thing's name. The rest (feelings, uses, places) would make captions untrue.
ALLOWED = {
    "bear": (), "rabbit": ("bunny",), "ufo": ("extraterrestrial",), "fire truck": ("firetruck",), "scooter": (),
    "ladybug": ("ladybird",), "rhino": ("rhinoceros",), "computer": ("desktop",), "tv": ("television",), "burger": (),
    "train": ("locomotive",), "car": ("automobile",), "airplane": ("aeroplane",), "donut": ("doughnut",), "tie": ("necktie",),
    "fries": (), "hippo": ("hippopotamus",), "camel": (), "backpack": ("rucksack",), "glasses": ("eyeglasses",), "phone": ("cellphone",),
    "present": (), "lightning bolt": (), "diamond": ("gemstone",), "bicycle": ("bike",), "eggplant": ("aubergine",),
}  # fmt: skip


def render(path: pathlib.Path, size: int = SIZE) -> np.ndarray:
    """Renders one SVG to [size, size, 4] uint8 with straight alpha; drawn at twice the size, since filters are coarse."""
    import resvg_py
    from PIL import Image

    png = bytes(resvg_py.svg_to_bytes(svg_path=str(path), width=2 * size, height=2 * size))
    image = Image.open(io.BytesIO(png)).convert("RGBa").resize((size, size), Image.Resampling.BOX).convert("RGBA")
    pixels = np.asarray(image).copy()
    pixels[pixels[..., 3] == 0] = 0  # what cannot be seen is the same everywhere
    return pixels


@dataclasses.dataclass
class Archive:
    """What sprites.npz holds."""

    things: list[Thing]
    pixels: np.ndarray  # [thing, style, SIZE, SIZE, 4] uint8
    vocabulary: dict  # of the tokenizer: pieces, scores

    def only(self, words: list[str]) -> "Archive":
        """The same archive with a few objects, for small runs."""
        keep = [i for w in words for i, t in enumerate(self.things) if t.word == w]
        if len(keep) != len(words):
            raise ValueError(f"not all of {words} are in the archive")
        return Archive([self.things[i] for i in keep], self.pixels[keep], self.vocabulary)


def build(sources: pathlib.Path, objects: pathlib.Path) -> Archive:
    """Renders everything from the fetched sources; half a minute for 300 objects on one core."""
    text = (sources / "cldr-annotations-full/annotations/en/annotations.json").read_text()
    things = add_keywords(read_objects(objects.read_text()), json.loads(text)["annotations"]["annotations"])
    icons = sources / "fluentui-emoji/icons"
    pixels = np.stack([np.stack([render(icons / FOLDERS[s] / f"{t.icon}.svg") for s in STYLES]) for t in things])
    return Archive(things, pixels, json.loads((sources / "t5.json").read_text()))


def save(archive: Archive, path: pathlib.Path) -> None:
    """Writes the archive as a zip of lossless WebP pictures and JSON, byte-identical for identical content."""
    from PIL import Image

    with zipfile.ZipFile(path, "w") as z:

        def put(name: str, data: bytes, kind: int = zipfile.ZIP_DEFLATED) -> None:
            z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, kind)

        put("things.json", json.dumps([dataclasses.asdict(t) for t in archive.things]).encode())
        put("t5.json", json.dumps(archive.vocabulary, ensure_ascii=False).encode())
        for i, styles in enumerate(archive.pixels):
            for j, style in enumerate(STYLES):
                out = io.BytesIO()
                Image.fromarray(styles[j], "RGBA").save(out, "WEBP", lossless=True, method=2, quality=50)
                put(f"{archive.things[i].icon}.{style}.webp", out.getvalue(), zipfile.ZIP_STORED)


def load(path: pathlib.Path) -> Archive:
    """Reads what save wrote."""
    from PIL import Image

    with zipfile.ZipFile(path) as z:
        things = [Thing(t["icon"], t["word"], t["plural"], tuple(t["also"])) for t in json.loads(z.read("things.json"))]
        read = lambda t, s: np.asarray(Image.open(io.BytesIO(z.read(f"{t.icon}.{s}.webp"))).convert("RGBA"))  # noqa: E731
        pixels = np.stack([np.stack([read(t, s) for s in STYLES]) for t in things])
        return Archive(things, pixels, json.loads(z.read("t5.json")))


def main(argv: list[str]) -> None:
    """python -m starter.sprites SOURCES OBJECTS OUT"""
    sources, objects, out = map(pathlib.Path, argv)
    archive = build(sources, objects)
    save(archive, out)
    print(f"sprites: {len(archive.things)} things in {len(STYLES)} styles, {out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])

#!/usr/bin/env python3
"""Fetches what the picture starter is made from, each file pinned in sources.json, into a folder outside the source tree.

usage: python fetch.py FOLDER

FOLDER/PACKAGE/... gets the kept files and the licence of each npm package, FOLDER/t5.json the tokenizer's vocabulary as the
picture pack compiles it in, FOLDER/NOTICE what may be handed on with a model trained on this. A second run does nothing.
Needs: npm and, for the vocabulary, what building the picture pack needs anyway (cargo).
"""

import base64
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NATIVE = HERE.parents[1] / "native"


def npm(name: str, source: dict, target: pathlib.Path) -> None:
    """Packs one npm package through npm's own client, checks it and unpacks the kept files."""
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["npm", "pack", "--silent", f"{name}@{source['version']}"], cwd=work, check=True, stdout=subprocess.DEVNULL)
        archive = next(pathlib.Path(work).glob("*.tgz"))
        sum512 = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if sum512 != source["integrity"]:
            sys.exit(f"fetch: {name} {source['version']} is not the file that was checked")
        keep = (*source["keep"], source["license_file"], "package.json")
        with tarfile.open(archive) as tar:
            for member in tar:
                path = member.name.partition("/")[2]
                if not member.isfile() or not path.startswith(keep) or ".." in path.split("/"):
                    continue
                data = tar.extractfile(member)
                assert data
                out = target / path
                out.parent.mkdir(parents=True, exist_ok=True)
                out.write_bytes(data.read())
    licence = target / source["license_file"]
    if not licence.is_file() or len(licence.read_text()) < 500:
        sys.exit(f"fetch: {name} carries no licence text; nothing allows handing it on")
    declared = json.loads((target / "package.json").read_text())["license"]
    if declared != source["license"]:
        sys.exit(f"fetch: {name} says {declared}, sources.json says {source['license']}")


def vocabulary(target: pathlib.Path) -> None:
    """Takes the tokenizer out of the C++ array that the picture pack is compiled with, so that both read the same bytes."""
    script = [str(NATIVE / "crate.sh"), "packaging/native/picture", "diffusion-rs-sys"]
    crate = pathlib.Path(subprocess.run(script, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1])
    source = next(crate.glob("**/tokenizers/vocab/t5.hpp"))
    text = source.read_text()
    body = text[text.index("{") + 1 : text.rindex("}")]
    data = json.loads(bytes(int(b, 16) for b in re.findall(r"0x([0-9a-fA-F]{2})", body)))
    pieces = data["model"]["vocab"]
    target.write_text(json.dumps({"pieces": [p for p, _ in pieces], "scores": [s for _, s in pieces]}, ensure_ascii=False))


def notice(sources: dict, folder: pathlib.Path) -> str:
    """The NOTICE that goes with the data and with every model trained on it: who made what, and each licence in full."""
    parts = [
        "Loam starter (pictures)\n",
        "The model was trained by the Loam project on pictures composed from the following works. The weights and this notice",
        "may be used, changed and handed on by anyone under these licences.\n",
    ]
    for name, source in sources.items():
        parts += [f"== {name} {source['version']} ({source['license']})", source["what"], source["copyright"], ""]
        parts += [(folder / name / source["license_file"]).read_text().strip(), ""]
    return "\n".join(parts) + "\n"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    sources = json.loads((HERE / "sources.json").read_text())
    for name, source in sources.items():
        done = folder / name / ".done"
        if not done.is_file() or done.read_text() != source["integrity"]:
            npm(name, source, folder / name)
            done.write_text(source["integrity"])
    if not (folder / "t5.json").is_file():
        vocabulary(folder / "t5.json")
    (folder / "NOTICE").write_text(notice(sources, folder))
    print(f"fetch: the sources are in {folder}")


if __name__ == "__main__":
    main()

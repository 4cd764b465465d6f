"""Makes PyPI's torch for Linux importable on a machine without CUDA, and without 3 GB of CUDA wheels.

usage: python torch_without_cuda.py

PyPI carries one torch for x86-64 Linux, linked against NVIDIA's libraries. `pip install --no-deps torch` leaves those out, and
then the loader refuses it. This script writes one small library per missing name into torch's own folder: every symbol that
torch asks for exists there and answers 100, which is CUDA's "no device". torch then behaves as on a machine without a GPU.
Needs: gcc, readelf (binutils). Safe to run twice; does nothing when the real libraries are there.
"""

import collections
import ctypes.util
import importlib.util
import pathlib
import re
import subprocess
import sys
import tempfile

NVIDIA = re.compile(r"lib(cu|nccl|nvrtc|nvToolsExt|nvshmem|nvJitLink)[A-Za-z_]*\.so\.\d+")
UNDEFINED = re.compile(r"\bUND\s+(\S+?)@(\S+) \(")
NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
VERSION_FILE = re.compile(r"Version: 1\s+File: (\S+)")
VERSION_NAME = re.compile(r"Name: (\S+)")


def read(flag: str, path: pathlib.Path) -> str:
    return subprocess.run(["readelf", flag, "-W", str(path)], check=True, capture_output=True, text=True).stdout


def wanted(folder: pathlib.Path) -> tuple[set[str], dict[str, str], dict[str, set[str]], set[str]]:
    """Returns the missing library names, which library each version name belongs to, the symbols of each version, and the
    symbols without a version."""
    missing: set[str] = set()
    owner: dict[str, str] = {}
    symbols: dict[str, set[str]] = collections.defaultdict(set)
    bare: set[str] = set()
    for lib in sorted(folder.glob("*.so*")):
        for name in NEEDED.findall(read("-d", lib)):
            if NVIDIA.fullmatch(name) and not (folder / name).exists() and not ctypes.util.find_library(name):
                missing.add(name)
        file = ""
        for line in read("-V", lib).splitlines():
            if found := VERSION_FILE.search(line):
                file = found[1]
            elif file and (found := VERSION_NAME.search(line)):
                owner[found[1]] = file
        for line in read("--dyn-syms", lib).splitlines():
            if found := UNDEFINED.search(line):
                symbols[found[2]].add(found[1])
            elif " UND " in line:
                bare.add(line.split()[-1])
    return missing, owner, symbols, bare


def write_stub(folder: pathlib.Path, name: str, versions: dict[str, set[str]], bare: set[str]) -> None:
    """Compiles one library: each symbol is the same three bytes of code under another name."""
    script, text = [], ["\t.text", "answer:", "\tmovl $100, %eax", "\tret"]
    every = sorted(set().union(*versions.values(), bare))
    for symbol in every:
        text += [f"\t.globl {symbol}", f"\t.type {symbol}, @function", f"\t.set {symbol}, answer"]
    for version, names in sorted(versions.items()):
        script.append(f"{version} {{ global: {' '.join(f'{n};' for n in sorted(names))} }};")
    with tempfile.TemporaryDirectory() as work:
        source, names = pathlib.Path(work, "stub.s"), pathlib.Path(work, "names.map")
        source.write_text("\n".join(text) + '\n\t.section .note.GNU-stack,"",@progbits\n')
        names.write_text("\n".join(script) + "\n")
        command = ["gcc", "-shared", "-nostdlib", f"-Wl,-soname,{name}", "-o", str(folder / name), str(source)]
        if versions:
            command.append(f"-Wl,--version-script,{names}")
        subprocess.run(command, check=True)


def main() -> None:
    found = importlib.util.find_spec("torch")
    if not found or not found.origin:
        sys.exit("torch_without_cuda: torch is not installed here")
    folder = pathlib.Path(found.origin).parent / "lib"
    missing, owner, symbols, bare = wanted(folder)
    # Symbols without a version can be anyone's: cudnn, nccl and cufile have none. Put them all into each of those.
    for name in sorted(missing):
        versions = {v: symbols[v] for v, lib in owner.items() if lib == name}
        write_stub(folder, name, versions, set() if versions else {b for b in bare if re.match(r"cu|nccl|nv|Cu", b)})
    print(f"torch_without_cuda: {len(missing)} libraries stand in for CUDA's in {folder}")


if __name__ == "__main__":
    main()

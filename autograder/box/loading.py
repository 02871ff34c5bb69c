"""The student's files, put where Python's ordinary import finds them; handed-in arrays."""

from __future__ import annotations

import io
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Nothing", "read_arrays", "stand_in", "write_files"]

# What a notebook imports for its pictures and its own checks; here they do nothing.
STAND_INS = frozenset({"check", "gradlab", "otter", "google", "matplotlib", "mpl_toolkits"})


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below `folder` and make them importable, before anything else."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    sys.path.insert(0, str(folder))


class Nothing(ModuleType):
    """A module, function and value in one, that does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing(name)

    def _itself(self, *_args: object, **_kwargs: object) -> Nothing:
        return self

    # `axes[0, 1].plot(x)`, `with plt.style.context("ggplot"):`
    __call__ = __getitem__ = __enter__ = _itself

    def __exit__(self, *_: object) -> None:
        """Let an exception through."""

    def __setitem__(self, key: object, value: object) -> None:
        """Forget it: `plt.rcParams["image.cmap"] = "gray"`."""

    def __iter__(self) -> Iterator[Nothing]:
        return iter((self, self))  # `figure, axes = plt.subplots()`


class _StandIns:
    """Finds the stand-ins and every module below them."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        known = name.partition(".")[0] in STAND_INS
        return ModuleSpec(name, self, is_package=True) if known else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return Nothing(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it is."""


def stand_in() -> None:
    """Let modules that do nothing take the place of `STAND_INS`."""
    sys.meta_path.insert(0, _StandIns())


def read_arrays(content: bytes) -> dict[str, Any]:
    """Return the arrays of a `.npz` file by name; an array of one text as that text.

    Raises:
        ValueError: it is not one, or an entry is not a plain array.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: _plain(archive[name]) for name in archive.files}
    except Exception as error:
        raise ValueError(f"not an .npz file of plain arrays ({error})") from None


def _plain(array: np.ndarray) -> Any:
    return array.item() if array.dtype.kind in "US" and array.ndim == 0 else array

"""The reference package on the path, and one cache folder for the whole session."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "solutions"))


@pytest.fixture(scope="session", autouse=True)
def image_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep generated images for the session, or longer where GRADLAB_DATA says where."""
    with pytest.MonkeyPatch.context() as patch:
        if not os.environ.get("GRADLAB_DATA"):
            patch.setenv("GRADLAB_DATA", str(tmp_path_factory.mktemp("images")))
        yield


@pytest.fixture
def figures() -> Iterator[None]:
    """Draw without a screen, and leave no figure open."""
    import matplotlib as mpl  # noqa: PLC0415 - most tests draw nothing

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    yield
    plt.close("all")


@pytest.fixture
def generated_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work where no CIFAR-10 can be found except in the cache folder."""
    monkeypatch.delenv("CIFAR10_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    if (Path(os.environ["GRADLAB_DATA"]) / "cifar-10-batches-py").exists():
        pytest.skip("GRADLAB_DATA holds CIFAR-10, which goes before the generated set")

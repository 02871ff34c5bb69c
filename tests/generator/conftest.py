"""What the generator's tests start from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.generator.leaky import course_with_secrets
from tests.generator.tiny import Tiny

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return Tiny(tmp_path)


@pytest.fixture
def course(tmp_path: Path) -> Tiny:
    """A course in which everything is that could leak."""
    return course_with_secrets(tmp_path)


@pytest.fixture
def update_golden() -> bool:
    """Whether golden files are written anew: GRADLAB_UPDATE_GOLDEN=1."""
    return os.environ.get("GRADLAB_UPDATE_GOLDEN") == "1"

"""One standing service per test module."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.api.standing import Standing, standing


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A service with generous limits."""
    folder: Path = tmp_path_factory.mktemp("api")
    with standing(folder) as service:
        yield service


@pytest.fixture
def ada(stand: Standing) -> Iterator[httpx2.Client]:
    """A developer of tenant t_1."""
    with stand.client("t_1") as client:
        yield client

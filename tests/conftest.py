"""What every test may use: the data folder, and a cache that is shared by the whole run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the long sets too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    long = [item for item in items if item.get_closest_marker("slow")]
    if not config.getoption("--slow"):
        for item in long:
            item.add_marker(pytest.mark.skip(reason="a long set: run.py test --slow"))
    else:  # files with long sets first, so that at the end no process waits long for another
        files = {item.path for item in long}
        items.sort(key=lambda item: item.path not in files)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The test data that PRIVACYSIM_DATA names; without it a skip, or a failure where data is required."""
    named = os.environ.get("PRIVACYSIM_DATA")
    if named and Path(named).is_dir():
        return Path(named)
    if os.environ.get("PRIVACYSIM_REQUIRE_DATA") == "1":
        pytest.fail(f"PRIVACYSIM_REQUIRE_DATA=1, but PRIVACYSIM_DATA names no folder (it is {named!r})")
    pytest.skip("PRIVACYSIM_DATA does not name the folder of test data")


@pytest.fixture(scope="session")
def toy_units() -> Callable[[pytest.MonkeyPatch, Path], ModuleType]:
    """Puts units of work that cost nothing (`toy_study.py`) in the place of the real ones, with a cache of its own."""

    def put(patch: pytest.MonkeyPatch, cache: Path) -> ModuleType:
        patch.setenv("PRIVACYSIM_CACHE", str(cache))
        from privacysim.study import Study
        from tests.helpers import toy_study

        patch.setattr(Study, "runner", toy_study.ToyRunner())
        return toy_study

    return put


@pytest.fixture
def figures_closed() -> Iterator[None]:
    """Whatever a test drew is closed after it."""
    yield
    import matplotlib.pyplot as plt

    plt.close("all")

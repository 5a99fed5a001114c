"""Fixtures for all tests: the data folder, and a cache shared by the whole run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.everything import FIRST
from tests.helpers.figure_texts import look_at_every_figure

_LONG_RUN_S = 300.0


look_at_every_figure()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the long sets too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    long = [item for item in items if item.get_closest_marker("slow")]
    if not config.getoption("--slow"):
        for item in long:
            item.add_marker(pytest.mark.skip(reason="a long set: run.py test --slow"))
        long = []
    # files that take long go first, so that no process waits long for another at the end
    files = dict.fromkeys([*(item.path for item in long), *(config.rootpath / name for name in FIRST)])
    places = {path: n for n, path in enumerate(files)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of test data from PRIVACYSIM_DATA; without it, skips the test, or fails if data is required."""
    named = os.environ.get("PRIVACYSIM_DATA")
    if named and Path(named).is_dir():
        return Path(named)
    if os.environ.get("PRIVACYSIM_REQUIRE_DATA") == "1":
        pytest.fail(f"PRIVACYSIM_REQUIRE_DATA=1, but PRIVACYSIM_DATA names no folder (it is {named!r})")
    pytest.skip("PRIVACYSIM_DATA does not name the folder of test data")


@pytest.fixture(scope="session")
def toy_units() -> Callable[[pytest.MonkeyPatch, Path], ModuleType]:
    """Replaces the real units of work with ones that cost nothing (`toy_study.py`), with a separate cache."""

    def put(patch: pytest.MonkeyPatch, cache: Path) -> ModuleType:
        patch.setenv("PRIVACYSIM_CACHE", str(cache))
        from privacysim.study import Study
        from tests.helpers import toy_study

        patch.setattr(Study, "runner", toy_study.ToyRunner())
        return toy_study

    return put


@pytest.fixture(scope="session")
def toy_results(toy_units, tmp_path_factory) -> Path:
    """Results of three replicates of toy units, saved once for all tests; whoever changes them works on a copy."""
    home = tmp_path_factory.mktemp("toy_results")
    with pytest.MonkeyPatch.context() as patch:
        toy_units(patch, home / "cache")
        from privacysim.report import page
        from privacysim.study import Study

        study = Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=2, replicates=3)
        study.run(workers=1, out=home / "r", also={"report.html": page})
    return home / "r"


@pytest.fixture(scope="session")
def toy_headline(toy_units, tmp_path_factory) -> Path:
    """Results of the headline study with toy numbers, in which every section of a report has something to show."""
    home = tmp_path_factory.mktemp("toy_headline")
    with pytest.MonkeyPatch.context() as patch:
        toy_units(patch, home / "cache")
        from privacysim.report import page
        from privacysim.study import Study

        Study("headline", sample=10_000).run(workers=1, out=home / "r", also={"report.html": page})
    return home / "r"


@pytest.fixture
def figures_closed() -> Iterator[None]:
    """Closes the figures of each test after it."""
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """After a long run, name the files that took longest: the first place to look when the tests become slow."""
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            seconds[getattr(report, "nodeid", "").partition("::")[0]] += getattr(report, "duration", 0.0)
    if seconds.total() > _LONG_RUN_S:
        slowest = ", ".join(f"{name} {size:.0f}" for name, size in seconds.most_common(20))
        total = f"{len(seconds)} files took {seconds.total():.0f} s"
        terminalreporter.write_line(f"{total}; the slowest, in seconds: {slowest}")

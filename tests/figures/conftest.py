"""No figure that a test draws has texts that cover others or show raw ids."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest

from tests.helpers.figure_texts import faults


@pytest.fixture(autouse=True)
def texts_of_figures(request: pytest.FixtureRequest) -> Iterator[None]:
    """Look at every figure that is open when a test ends."""
    yield
    found = [fault for number in plt.get_fignums() for fault in faults(plt.figure(number))]
    plt.close("all")
    assert not found, "\n".join(found)

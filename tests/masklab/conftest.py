"""One numeric thread for the mask lab: two test processes share the cores, and threads that wait for one spin."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        yield
    cv2.setNumThreads(before)

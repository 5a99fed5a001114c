"""A notebook that would not notice another number checks nothing: twenty constants, one per cent each, one at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "tests" / "notebooks" / "checked_cells.py"
NOTEBOOKS = [
    ROOT / "notebooks" / name for name in (
        "reproduce/r5_ashby.ipynb", "reproduce/r7_the_185.ipynb", "committee/q08_if_a_clerk_peeps.ipynb",
        "committee/q07_most_exposed.ipynb", "explorer.ipynb", "03_the_185_cameras.ipynb",
    )
]  # fmt: skip
"""The quick ones that compute rather than read saved results, most telling first."""
CONSTANTS = (
    "cameras_per_1000", "public_share", "evidence_available", "evidence_useful", "p_listed", "website_listed_guangzhou",
    "population_chengdu", "stream_close_hazard_per_day", "owner_unaware_share", "compliance", "recording_share",
    "lapses_per_1000_staff_years", "staff_per_1000_cameras", "informal_handover", "private_asks_per_camera_year",
    "clue_scene_radius_m", "walking_speed_m_s", "trips_per_person_day", "face_width_m", "delay_sigma",
)
"""Constants from every room; a few steer things too rare to show in a month of one replicate."""
MUST_NOTICE = 18


def noticed(fact: str, factor: float) -> str:
    command = [sys.executable, str(RUNNER), fact, str(factor), *map(str, NOTEBOOKS)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode in (0, 1), run.stderr[-2000:]
    assert "Traceback" not in run.stderr, run.stderr[-2000:]
    return run.stdout.strip()


@pytest.mark.slow
def test_of_twenty_constants_changed_by_one_per_cent_the_notebooks_notice_eighteen():
    assert noticed("none", 1.0) == "", "the notebooks differ before anything was changed: run them again"
    found = {fact: noticed(fact, 1.01) for fact in CONSTANTS}
    missed = [fact for fact, where in found.items() if not where]
    print("\n".join(f"{fact}: {where or 'not noticed'}" for fact, where in found.items()))
    assert len(CONSTANTS) == 20
    assert len(CONSTANTS) - len(missed) >= MUST_NOTICE, f"not noticed: {missed}"

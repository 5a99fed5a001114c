"""A second package, installed beside privacysim, brings a metric and a mask by entry point; a study names them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = '''
import privacysim as ps
from privacysim.masklab import Mask
from privacysim.masklab.masks import Pixelate


@ps.metric(of="people", title="people in view for {limit} s", unit="people", direction="lower")
def minutes(seen):
    return seen.identifiable_s[:, :, 1].sum(axis=1) > {limit}


class Frosted(Mask):
    name = "frosted"

    def __init__(self, across: float = 4.0) -> None:
        self.across = across

    def cells(self, face_px: float) -> float:
        return min(face_px, self.across)

    def masked(self, images):
        return Pixelate(self.across).masked(images)
'''
POINTS = """[privacysim.metrics]
minutes = town_parts:minutes

[privacysim.masks]
frosted = town_parts:Frosted
"""
STUDY = """
import json, sys
import privacysim as ps
from privacysim.study.executor import processes

village = {"id": "village", "title": "A village",
           "city": {"kind": "synthetic", "area_km2": {"value": 0.5, "assumption": "a village for tests"}},
           "population": {"people": {"value": 3000, "assumption": "a village for tests"}}}


def policy(name, mask):
    return {"id": name, "extends": "open_access", "title": {"en": name}, "status": "hypothetical",
            "mask": {"kind": mask, "assumption": "a test"}}


if __name__ == "__main__":
    rules = ["open_access", policy("own", "frosted:4"), policy("tiles", "pixelate:4")]
    study = ps.Study(scenario=village, policies=rules,
                     baseline="open_access", metrics=["minutes"], days=1, sample=200, replicates=2)
    spawned = {"open_executor": processes(1)} if sys.argv[2:] else {}
    results = study.run(**spawned, workers=1, out=sys.argv[1], progress=False)
    values = results.metrics.set_index(["policy", "metric", "curve", "replicate"])["value"]
    print(json.dumps({
        "run": results.run_id,
        "minutes": values.xs("minutes", level="metric").tolist(),
        "same": values["own"].equals(values["tiles"]),
    }))
"""


def _package(folder: Path, limit: int) -> Path:
    """What pip would install: a module and the metadata that names its entry points."""
    about = folder / "town_parts-1.0.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (folder / "town_parts.py").write_text(MODULE.replace("{limit}", str(limit)))
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: town-parts\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(POINTS)
    return folder


def _told(code: str, *arguments: object, package: Path | None = None) -> str:
    paths = [*([str(package)] if package else []), *filter(None, sys.path)]
    done = subprocess.run(
        [sys.executable, *([code] if code.endswith(".py") else ["-c", code]), *map(str, arguments)],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("second")
    (folder / "study.py").write_text(STUDY)
    said = json.loads(_told(str(folder / "study.py"), folder / "r", "spawned", package=_package(folder / "site", 60)))
    return {**said, "folder": folder}


def test_a_study_names_the_metric_and_the_mask_of_another_package(ran: dict[str, object]) -> None:
    assert len(ran["minutes"]) == 6  # type: ignore[arg-type]
    assert ran["same"], "a mosaic by another name leaves what the mosaic leaves"


def test_where_the_package_is_not_installed_its_metric_is_still_shown_and_verified(ran: dict[str, object]) -> None:
    code = ("import sys, privacysim as ps; from privacysim.study import verify; r = ps.load_results(sys.argv[1]); "
            "print(r.compare().table(['minutes'])['metric'].iloc[0]); print(verify(sys.argv[1]).wrong)")  # fmt: skip
    assert _told(code, f"{ran['folder']}/r").splitlines() == ["people in view for 60 s", "[]"]


def test_another_version_of_the_metric_is_another_run(ran: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "study.py").write_text(STUDY)
    said = json.loads(_told(str(tmp_path / "study.py"), tmp_path / "r", package=_package(tmp_path / "site", 600)))
    assert said["run"] != ran["run"]
    assert sum(said["minutes"]) <= sum(ran["minutes"])  # type: ignore[arg-type]

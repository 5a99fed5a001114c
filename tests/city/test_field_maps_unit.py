"""Extracts as editors, servers and coasts make them: each input rebuilds a fault found on real files."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from privacysim.city import City, build_city
from privacysim.cli.main import main
from privacysim.figures import scenario_map
from privacysim.files import validate
from privacysim.readers.osm_maps import Ground, read_ground, sea
from privacysim.scenario import Scenario
from privacysim.world.placed import NO_CAMERA, placed_cameras

STEP = 0.0005
GRID = {1 + i + 5 * j: (60 + j * STEP, 25 + 2 * i * STEP) for i in range(5) for j in range(5)}
LINES = [[1 + i + 5 * j for i in range(5)] for j in range(5)] + [[1 + i + 5 * j for j in range(5)] for i in range(5)]
CAMERA = '<tag k="man_made" v="surveillance"/>'


def node(number: int, lat: float, lon: float, tags: str = "") -> str:
    return f'<node id="{number}" lat="{lat:.6f}" lon="{lon:.6f}">{tags}</node>'


def way(number: int, refs: list[int], tags: str = '<tag k="highway" v="residential"/>') -> str:
    return f'<way id="{number}">{"".join(f"""<nd ref="{ref}"/>""" for ref in refs)}{tags}</way>'


NODES = "".join(node(number, *place) for number, place in GRID.items())
WAYS = [way(number, refs) for number, refs in enumerate(LINES, 1)]


def scenario_of(folder: Path, content: str, **cameras: str) -> Scenario:
    path = folder / "town.osm"
    path.write_text(f'<osm version="0.6">{content}</osm>', encoding="utf-8")
    return validate(Scenario, {
        "id": "town", "title": "Town", "city": {"kind": "osm", "osm": str(path)},
        "population": {"people": {"value": 200.0, "assumption": "a test"}},
        **({"cameras": cameras} if cameras else {}),
    }, "test")  # fmt: skip


def city_of(folder: Path, content: str) -> City:
    return build_city(scenario_of(folder, content))


def negative(text: str) -> str:
    return text.replace('id="', 'id="-').replace('ref="', 'ref="-')


@pytest.mark.parametrize("content", [
    "".join(WAYS) + NODES, NODES + "".join(reversed(WAYS)), negative(NODES + "".join(WAYS)),
    "".join(reversed([node(number, *place) for number, place in GRID.items()])) + "".join(WAYS),
], ids=["ways first", "way ids fall", "negative ids", "node ids fall"])  # fmt: skip
def test_any_order_of_elements_and_ids_is_the_same_city(tmp_path, content):
    plain, other = city_of(tmp_path, NODES + "".join(WAYS)), city_of(tmp_path, content)
    assert plain.edge_mm.size == 40
    assert sorted(np.asarray(other.edge_mm)) == sorted(np.asarray(plain.edge_mm))
    assert "not in the file" not in other.note


def test_a_street_ends_where_its_nodes_are_missing_and_that_is_said(tmp_path):
    content = NODES + "".join(WAYS) + node(90, 60.01, 25.0) + way(90, [1, 70, 71, 90])
    city = city_of(tmp_path, content)
    assert city.edge_mm.size == 40
    assert "2 nodes of streets are not in the file" in city.note


ISLAND = node(80, 60.05, 25.0) + node(81, 60.0505, 25.0)


def test_a_camera_on_a_dropped_island_is_not_used(tmp_path):
    content = (NODES + ISLAND + node(85, 60.0502, 25.0, CAMERA) + node(86, 60.0004, 25.0, CAMERA)
               + "".join(WAYS) + way(80, [80, 81]))  # fmt: skip
    scenario = scenario_of(tmp_path, content)
    placed = placed_cameras(build_city(scenario), None)
    assert placed is not None
    assert (len(placed), placed.left_out) == (1, 1)


def test_a_guard_on_the_map_is_no_camera_and_two_directions_are_two_views(tmp_path):
    guard = CAMERA + '<tag k="surveillance:type" v="guard"/>'
    two = CAMERA + '<tag k="camera:direction" v="90;270"/>'
    city = city_of(tmp_path, NODES + node(85, 60.0001, 25.0, guard) + node(86, 60.0002, 25.0, two) + "".join(WAYS))
    placed = placed_cameras(city, None)
    assert placed is not None
    assert list(placed.heading_deg) == [90.0, 270.0]


def test_the_first_sentence_says_that_no_camera_is_mapped(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenario_of(tmp_path, NODES + "".join(WAYS))
    (tmp_path / "town.toml").write_text(
        'id = "town"\ntitle = "Town"\n[city]\nkind = "osm"\nosm = "town.osm"\n[population]\n'
        'people = {value = 200, assumption = "a test"}\n', encoding="utf-8")  # fmt: skip
    assert main(["city", "show", "town.toml"]) == 0
    assert NO_CAMERA in capsys.readouterr().out
    run = ["run", "--scenario", "town.toml", "--policies", "notice_only,order_799", "--baseline", "notice_only",
           "--days", "1", "--sample", "50", "--replicates", "2", "--workers", "1", "--out", "out"]  # fmt: skip
    assert main(run) == 0
    assert " ".join(capsys.readouterr().out.split()).startswith(NO_CAMERA)


def frame(streets: np.ndarray, ground: Ground) -> plt.Figure:
    import pandas as pd

    table = pd.DataFrame(streets, columns=["x0_m", "y0_m", "x1_m", "y1_m"]).assign(kind=1, drawn=0.0)
    cameras = pd.DataFrame({"x_m": [], "y_m": [], "indoor": np.array([], dtype=bool)})
    return scenario_map(table, [], cameras, values={"drawn": 0.0}, ground=ground)


@pytest.mark.parametrize(("wide", "tall"), [(20_000.0, 400.0), (400.0, 20_000.0), (1_000.0, 1_000.0)])
def test_labels_do_not_collide_however_long_and_thin_the_extract_and_nothing_seen_has_no_scale(wide, tall):
    import pandas as pd

    rows = [(f"Street of number {n}", wide * x, tall * y, angle, 100.0)
            for n, (x, y, angle) in enumerate((x, y, angle) for x in np.linspace(0, 1, 9)
                                              for y in np.linspace(0, 1, 9) for angle in (0.0, 60.0))]  # fmt: skip
    names = pd.DataFrame(rows, columns=["text", "x_m", "y_m", "angle_deg", "length_m"])
    figure = frame(np.array([[0, 0, wide, tall], [0, tall, wide, 0]]), Ground(names=names))
    assert len(figure.axes) == 1, "no colour scale"
    figure.canvas.draw()
    ax = figure.axes[0]
    boxes = [text.get_tightbbox() for text in ax.texts if text.get_text().startswith("Street")]
    inside = ax.get_window_extent()
    assert all(inside.y0 - 2 <= box.y0 and box.y1 <= inside.y1 + 2 for box in boxes)
    # texts that stand upright have exact boxes: none overlaps another
    level = [text.get_tightbbox() for text in ax.texts if text.get_rotation() == 0 and "Street" in text.get_text()]
    assert not any(a.overlaps(b) for a, b in permutations(level, 2))
    plt.close(figure)


def test_the_sea_lies_on_the_right_of_a_coast():
    coast = [np.array([[0.0, -500.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 500.0]])]  # northward: the sea is east
    rings = sea(coast, [np.array([[-400.0, -400.0], [-300.0, 400.0], [300.0, 0.0]])])
    assert len(rings) == 1
    assert rings[0][:, 0].min() == pytest.approx(0.0)
    assert rings[0][:, 0].max() == pytest.approx(350.0)
    island = np.array([[10.0, 10.0], [20.0, 10.0], [20.0, 20.0], [10.0, 20.0], [10.0, 10.0]])  # land on the left
    around = sea([island], [np.array([[0.0, 0.0], [30.0, 30.0]])])
    x, y = around[0].T
    assert abs(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2 == pytest.approx(130 * 130 - 100)
    assert sea([], [coast[0]]) == []


def test_a_coast_is_read_from_an_extract(tmp_path):
    coast = '<tag k="natural" v="coastline"/>'
    content = NODES + node(91, 60 - STEP, 25 + 9 * STEP) + node(92, 60 + 5 * STEP, 25 + 9 * STEP)
    path = tmp_path / "a.osm"
    path.write_text(f'<osm version="0.6">{content}{"".join(WAYS)}{way(91, [91, 92], coast)}</osm>')
    assert len(read_ground(path, (60.001, 25.002)).water) == 1

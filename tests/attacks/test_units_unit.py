"""Measures refuse what they cannot mean: degrees as metres, mixed time zones, milliseconds as seconds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from privacysim.attacks.reidentification import reidentification_risk, unicity
from privacysim.errors import InputError


def people(seed: int = 1) -> pd.DataFrame:
    """Forty people, each at four places of a town of 20 km."""
    draw = np.random.default_rng(seed)
    east, north = draw.uniform(0, 20_000, (2, 160))
    lat = 60.0 + north / 111_195.0
    lon = 25.0 + east / (111_195.0 * np.cos(np.radians((lat.min() + lat.max()) / 2)))
    return pd.DataFrame({"user": np.repeat(np.arange(40), 4), "x": (lon - lon.min()) * 1.0, "lng": lon, "lat": lat,
                         "east": east, "north": north, "t": np.tile(np.arange(4), 40) * 3600})


def test_degrees_under_their_names_are_projected_and_not_one_square():
    """The natural call on a frame of scikit-mobility returned 0: "everybody is safe"."""
    seen = people()
    degrees = unicity(seen, 2, x="lng", y="lat", cell_m=1000)["unicity"].iloc[0]
    swapped = unicity(seen, 2, x="lat", y="lng", cell_m=1000)["unicity"].iloc[0]
    metres = unicity(seen, 2, x="east", y="north", cell_m=1000)["unicity"].iloc[0]
    assert degrees == pytest.approx(metres, abs=0.05)
    assert swapped == pytest.approx(degrees, abs=0.05)
    assert degrees > 0.9


@pytest.mark.parametrize("measure", [
    lambda seen: unicity(seen, 1, cell_m=1000), lambda seen: reidentification_risk(seen, 1, cell_m=100),
])  # fmt: skip
def test_degrees_under_other_names_are_refused(measure):
    seen = people().rename(columns={"x": "z", "lng": "x", "lat": "y"})
    with pytest.raises(InputError, match="look like degrees"):
        measure(seen)


def test_metres_within_one_square_are_not_taken_for_degrees():
    seen = pd.DataFrame({"user": [1, 2], "x": [10.0, 20.0], "y": [10.0, 20.0]})
    assert unicity(seen, 1, cell_m=100)["unicity"].iloc[0] == 0.0


def test_names_of_degrees_over_metres_are_refused():
    seen = people().assign(lat=6_650_000.0)
    with pytest.raises(InputError, match="degrees, as the names say"):
        unicity(seen, 1, x="lng", y="lat", cell_m=1000)


def test_milliseconds_and_mixed_time_zones_are_refused():
    seen = people()
    with pytest.raises(InputError, match="smaller units"):
        unicity(seen.assign(t=1_643_370_256_000 + seen["t"] * 1000), 1, x="east", y="north", time="t", window_s=3600)
    zones = pd.Series([pd.Timestamp("2024-05-01T10:00", tz=f"Etc/GMT{n % 3 - 1:+d}") for n in range(160)], dtype=object)
    with pytest.raises(InputError, match="utc=True"):
        unicity(seen.assign(t=zones), 1, x="east", y="north", time="t", window_s=3600)

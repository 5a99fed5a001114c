"""The attacker with a pretrained network, here with a network of our own so that none has to be installed."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pandas as pd
import pytest

from privacysim.errors import InputError
from privacysim.masklab import embedding
from privacysim.masklab.face_attacks import features
from privacysim.masklab.faces import synthetic_faces
from privacysim.masklab.fitted_curve import measured


def pixels(images):
    """A network that describes a picture by its pixels."""
    return features(images) - 0.5


def test_pictures_that_differ_by_person_are_named_and_a_box_leaves_chance():
    faces = synthetic_faces()
    clear = embedding.recognised(faces, "none", None, pixels)
    assert clear.top() > 5 * clear.chance
    assert embedding.recognised(faces, "box", None, pixels).top() == pytest.approx(clear.chance)


def test_nobodys_own_picture_is_among_those_enrolled():
    faces = synthetic_faces()
    own = np.eye(len(faces.person))  # each picture is like itself and like no other

    found = embedding.recognised(faces, "none", None, lambda images: own[: len(images)])
    assert found.top() == pytest.approx(found.chance)


def test_the_table_says_which_attacker_gave_each_rate(tmp_path):
    jobs = (("none", 64.0, False), ("box", 64.0, False), ("none", 8.0, True))
    made = embedding.measure_embedding(synthetic_faces(), pixels, "pixels", tmp_path, jobs)
    read = pd.read_csv(tmp_path / "embedding.csv")
    assert read["rank1"].to_numpy() == pytest.approx(made["rank1"].to_numpy(dtype=float), abs=1e-4)
    assert set(read["attacker"]) == {"pixels"}
    assert (read["low"] <= read["rank1"] + 1e-4).all()
    assert read["camera"].tolist() == ["clean", "clean", "cctv"]


def test_without_dlib_or_its_weights_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(InputError, match="pip install dlib-bin"):
        embedding.dlib_network(tmp_path / "none.dat")
    monkeypatch.undo()
    if importlib.util.find_spec("dlib") is not None:
        with pytest.raises(InputError, match="face_recognition_models"):
            embedding.dlib_network(tmp_path / "none.dat")


def test_the_shipped_table_is_measured_on_photographs_and_an_attacker_who_learns_masks_beats_the_network_behind_them():
    keys = ["mask", "px", "camera"]
    network = measured("embedding").set_index(keys)
    assert set(network["faces"]) == {"olivetti"}
    assert network["attacker"].str.contains("dlib").all()
    lab = measured("table").query("level == 'trained' and images == 8").set_index(keys)["rank1"]
    both = network["rank1"].to_frame("network").join(lab.rename("lab"), how="inner")
    clear = both.index.get_level_values("mask") == "none"
    assert (both["network"] >= both["lab"])[clear].all()
    assert (both["network"] < both["lab"])[~clear].all()
    assert len(both) >= 2

"""Single pictures and folders of them: upright, without metadata, checked, with a strip of before and after."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.masklab.face_detectors import FaceFinder
from privacysim.masklab.masks import BlackBox, Pixelate
from privacysim.masklab.people_detector import overlap
from privacysim.masklab.pictures import mask_pictures, read_picture
from tests.helpers.face_clips import H, W, box_of, is_masked, with_face

PLACE = (100, 60, 90)


@pytest.fixture(scope="module")
def picture(data_folder: Path) -> np.ndarray:
    """A street with one face in it, at PLACE."""
    import joblib

    face = joblib.load(data_folder / "olivetti" / "olivetti_py3.pkz").reshape(400, 64, 64).transpose(0, 2, 1)[70]
    street = cv2.VideoCapture(str(data_folder / "vtest.avi")).read()[1]
    return with_face(np.ascontiguousarray(street[100 : 100 + H, 100 : 100 + W]), face, *PLACE)


def with_exif(path: Path, picture: np.ndarray) -> Path:
    """A JPEG that a camera held on its side would write: turned, with an orientation and its maker's name."""
    data = cv2.imencode(".jpg", cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE))[1].tobytes()
    maker = struct.pack(">HHI4s", 0x10F, 2, 4, b"ABC\0")
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x02" + maker + struct.pack(">HHIHH", 0x112, 3, 1, 6, 0) + b"\0\0\0\0"
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    return path


@pytest.mark.data
def test_a_picture_is_masked_upright_and_without_metadata(picture, tmp_path):
    source, out = with_exif(tmp_path / "a.jpg", picture), tmp_path / "b.jpg"
    before = read_picture(source)
    assert before.shape == picture.shape
    made = mask_pictures(source, out, Pixelate(4))
    after = cv2.imread(str(out), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert after.shape == picture.shape
    assert is_masked(before, after, box_of(*PLACE))
    assert b"Exif" in source.read_bytes()
    assert b"Exif" not in out.read_bytes()
    assert b"ABC" not in out.read_bytes()
    assert made.found["a.jpg"][0] == 1
    assert not made.readable


@pytest.mark.data
def test_a_folder_keeps_its_names_and_a_picture_in_which_a_face_is_left_is_not_written(picture, tmp_path, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "sub").mkdir(parents=True)
    cv2.imwrite(str(folder / "face.png"), picture)
    cv2.imwrite(str(folder / "sub" / "nobody.png"), np.full((H, W, 3), 90, np.uint8))
    (folder / "notes.txt").write_text("no picture")
    command = ["mask", str(folder), "-o", str(out)]
    assert main([*command, "--mask", "pixelate:60"]) == 1
    said = capsys.readouterr().out
    for words in ("finds faces in 1: face.png", "nobody was found", "nobody.png", "no pictures: 1: notes.txt",
                  "--keep-anyway"):  # fmt: skip
        assert words in said
    assert not (out / "face.png").exists()
    assert main([*command, "--mask", "pixelate:60", "--keep-anyway"]) == 1
    assert (out / "face.png").exists()
    assert main([*command, "--mask", "box"]) == 0
    capsys.readouterr()
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.*")) == ["face.png", "sub/nobody.png"]
    assert (cv2.imread(str(out / "sub" / "nobody.png")) == 90).all()


@pytest.mark.data
def test_a_detector_that_saw_a_picture_of_another_size_finds_the_same(picture):
    """OpenCV's network found thousands of faces, or none, after the size of its input had changed."""
    finder = FaceFinder()
    finder.boxes(np.ascontiguousarray(picture[:160, :256]))
    (found,) = finder.boxes(picture)
    assert overlap(found, box_of(*PLACE)) > 0.3


@pytest.mark.data
def test_a_small_face_in_a_large_picture_is_found(picture):
    from privacysim.masklab.pictures import _faces

    large, small = np.full((1800, 2400, 3), 120, np.uint8), cv2.resize(picture, None, fx=0.4, fy=0.4)
    large[1500 : 1500 + small.shape[0], 2000 : 2000 + small.shape[1]] = small
    place = tuple(round(0.4 * side) + (2000, 1500)[k % 2] for k, side in enumerate(box_of(*PLACE)))
    assert max((overlap(box, place) for box in _faces(FaceFinder(), large)), default=0.0) > 0.3


@pytest.mark.parametrize(("out", "mask", "fix"), [
    ("b.mp4", "box", "ending of a picture"), ("a.png", "box", "another file than the source"),
    ("b.png", "scramble", "and no key"),
])  # fmt: skip
def test_pictures_that_cannot_be_written_are_refused(tmp_path, out, mask, fix):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((40, 40, 3), np.uint8))
    with pytest.raises(InputError, match=fix):
        mask_pictures(tmp_path / "a.png", tmp_path / out, mask)


def test_what_is_no_picture_or_has_several_pages_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="can read"):
        read_picture(tmp_path / "a.png")
    cv2.imwritemulti(str(tmp_path / "a.tif"), [np.zeros((40, 40, 3), np.uint8)] * 3)
    with pytest.raises(InputError, match="3 pages"):
        read_picture(tmp_path / "a.tif")
    with pytest.raises(InputError, match="pictures that end in"):
        mask_pictures(tmp_path / "a.txt", tmp_path / "b.png", BlackBox())


def test_a_small_file_of_a_huge_picture_is_refused(tmp_path):
    """Its header claims 20,000 × 20,000 px. The limit is read when OpenCV is loaded: in a process of its own."""
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.zeros((1, 1), np.uint8))
    content = path.read_bytes()
    head = content[12:16] + struct.pack(">II", 20_000, 20_000) + content[24:29]
    path.write_bytes(content[:12] + head + struct.pack(">I", zlib.crc32(head)) + content[33:])
    with pytest.raises(InputError, match="at most 67 million pixels"):
        read_picture(path)
    code = "import sys, privacysim.masklab, cv2\ntry: cv2.imread(sys.argv[1])\nexcept cv2.error: print('refused')"
    said = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout
    assert said == "refused\n"


def test_options_of_videos_are_refused_for_pictures(tmp_path, capsys):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((40, 40, 3), np.uint8))
    assert main(["mask", str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png"), "--keep-audio"]) == 2
    assert "leave these out" in capsys.readouterr().err

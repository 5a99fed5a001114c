"""Faces: the embedded people, scikit-learn's files, and a folder of one's own."""

import pickle
import zlib

import cv2
import numpy as np
import pytest

from privacysim.errors import InputError
from privacysim.masklab.evaluate import Job, known_images
from privacysim.masklab.faces import load_faces, synthetic_faces


def test_a_synthetic_person_is_the_same_however_many_are_drawn():
    few, many = synthetic_faces(3, 2), synthetic_faces(5, 4)
    assert np.array_equal(few.images, many.images[(many.person < 3) & (many.index < 2)])
    assert few.people == 3
    assert few.images.dtype == np.uint8


def test_two_images_of_one_person_are_nearer_than_two_people():
    faces = synthetic_faces(12, 4)
    rows = faces.images.reshape(len(faces.person), -1).astype(float)
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    same = faces.person[:, None] == faces.person[None]
    assert np.median(apart[same & ~np.eye(len(rows), dtype=bool)]) < np.median(apart[~same])


@pytest.mark.data
def test_olivetti_is_read_from_the_file_of_scikit_learn(data_folder):
    faces = load_faces("olivetti", data_folder / "olivetti")
    assert faces.images.shape == (400, 64, 64)
    assert faces.people == 40
    assert (np.bincount(faces.person) == 10).all()
    assert faces.images.max() == 255


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("the pickle was loaded",))


def test_the_pickle_of_the_faces_is_not_loaded(tmp_path):
    path = tmp_path / "olivetti_py3.pkz"
    path.write_bytes(zlib.compress(pickle.dumps((Trap(), bytes(range(256)) * 6400))))
    assert load_faces("olivetti", tmp_path).people == 40, "only the bytes at its end are read"
    for content in (zlib.compress(pickle.dumps(Trap())), zlib.compress(b""), b"x" * 99):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"--data-home"):
            load_faces("olivetti", tmp_path)


def test_a_folder_of_people_is_read_and_an_empty_one_refused(tmp_path):
    drawn = synthetic_faces(2, 3)
    for i, image in enumerate(drawn.images):
        folder = tmp_path / f"person {drawn.person[i]}"
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{drawn.index[i]}.png"), image)
    (tmp_path / "person 0" / "notes.txt").write_text("not a picture")
    faces = load_faces(str(tmp_path))
    assert np.array_equal(faces.images, drawn.images)
    assert faces.people == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="folder"):
        load_faces(str(tmp_path / "empty"))


def test_missing_faces_are_said_with_their_cure(tmp_path):
    with pytest.raises(InputError, match="--download"):
        load_faces("olivetti", tmp_path)
    with pytest.raises(InputError, match="olivetti"):
        load_faces("oliveti")


def folder_of(path, pictures):
    """A folder of drawn people, person n with that many pictures."""
    drawn = synthetic_faces(len(pictures), max(pictures))
    for person, count in enumerate(pictures):
        (path / f"p{person:02}").mkdir()
        for index in range(count):
            one = drawn.images[(drawn.person == person) & (drawn.index == index)][0]
            cv2.imwrite(str(path / f"p{person:02}" / f"{index}.png"), one)
    return load_faces(str(path))


def test_one_person_with_few_pictures_does_not_cut_those_of_all(tmp_path):
    faces = folder_of(tmp_path, [10, 3, *[10] * 4])
    assert (faces.people, len(faces.images)) == (5, 50)
    assert faces.left_out == "Left out: 3 images, among them all of 1 people with fewer than 10"


@pytest.mark.parametrize(("pictures", "people", "each"), [
    ([2, 2, 2], 3, 2), ([1, 2, 3], 2, 2), ([12, 12], 2, 10), ([3, 3, 3, 4], 4, 3), ([10, 2, 2], 3, 2),
])  # fmt: skip
def test_the_number_that_keeps_most_pictures_is_taken_and_two_people_at_least(tmp_path, pictures, people, each):
    faces = folder_of(tmp_path, pictures)
    assert (faces.people, len(faces.images)) == (people, people * each)


def test_a_set_of_few_pictures_is_attacked_with_all_that_there_are(tmp_path):
    faces = folder_of(tmp_path, [3, 3, 3, 3])
    assert known_images(faces) == 2
    found = Job("none", 32.0, False, "naive").run(faces)
    assert found.scores.shape == (12, 4)
    assert found.top() > 0.5

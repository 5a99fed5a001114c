"""Masking of real people, against boxes drawn by eye.

`masklab_vtest_boxes.csv` holds every person of whom at least half is visible in 50 frames of vtest.avi (every 16th,
from frame 8 on), drawn twice on enlarged frames with a ruler: the first time in order; the second time on frames that
were mirrored and shuffled, without the first drawing at hand. Both by one and the same drawer, before any detector or
background model had been run on the file. The boxes hold what is visible, without a margin.

A third drawing, of three of the frames only, is of a second drawer who had seen neither of the first two nor a detector
on these frames. It is there to check the first two, not to measure the masks.
"""

import csv
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from privacysim.masklab.people_detector import Finder, Tracks, background_and_steady, covered, overlap

DRAWN = Path(__file__).with_name("masklab_vtest_boxes.csv")
HOLD = 3


def drawing(number):
    boxes = defaultdict(list)
    with DRAWN.open(newline="") as stream:
        for row in csv.DictReader(stream):
            if int(row["drawing"]) == number:
                boxes[int(row["frame"])].append(tuple(int(row[side]) for side in ("left", "top", "right", "bottom")))
    return boxes


def agreement(one, other):
    """IoU of each person in two drawings of the same frames; 0 for whom only one of them holds."""
    made = []
    for frame, boxes in one.items():
        table = np.array([[overlap(a, b) for b in other[frame]] for a in boxes])
        rows, columns = linear_sum_assignment(-table)
        made += [*table[rows, columns], *[0.0] * (max(len(boxes), len(other[frame])) - len(rows))]
    return made


def test_two_drawings_of_the_same_frames_agree():
    first, second = drawing(1), drawing(2)
    assert len(first) == len(second) == 50
    found = agreement(first, second)
    print(f"\nmean IoU of the two drawings: {np.mean(found):.3f} over {len(found)} people, least {min(found):.2f}")
    assert len(found) == 308
    assert np.mean(found) >= 0.7
    assert 0.0 < np.mean(np.array(found) == 1.0) < 0.5, "drawn twice, not copied"


def test_a_second_drawer_agrees_with_the_first():
    second_drawer = drawing(3)
    assert sum(len(boxes) for boxes in second_drawer.values()) == 18
    for number in (1, 2):
        found = agreement(second_drawer, drawing(number))
        print(f"\nmean IoU of the second drawer and drawing {number}: {np.mean(found):.3f}, least {min(found):.2f}")
        assert min(found) >= 0.7


@pytest.mark.data
def test_at_least_95_of_100_people_in_the_drawn_frames_are_masked(data_folder):
    """A person is masked where the mask covers 90 % of her box, and 90 % of its upper quarter, the head."""
    source = cv2.VideoCapture(str(data_folder / "vtest.avi"))
    background = background_and_steady(cv2.VideoCapture(str(data_folder / "vtest.avi")), 795)[0]
    finder, tracks, truth = Finder(background, {}), Tracks(HOLD), drawing(1)
    masked, share = [], []
    number = 0
    while (read := source.read())[0]:
        tracks.add(number, finder.boxes(read[1], number))
        number += 1
        if (shown := number - 1 - HOLD) in truth or (number == 795 and (shown := 792) in truth):
            regions = [box for _, box in tracks.regions(shown)]
            share.append(covered((0, 0, 768, 576), regions, (576, 768)))
            for box in truth[shown]:
                head = (box[0], box[1], box[2], box[1] + (box[3] - box[1]) // 4)
                masked.append(min(covered(part, regions, (576, 768)) for part in (box, head)) >= 0.9)
    print(f"\nmasked: {np.mean(masked):.1%} of {len(masked)} person-frames; {np.mean(share):.1%} of the picture")
    assert number == 795
    assert len(masked) == sum(len(boxes) for boxes in truth.values())
    assert np.mean(masked) >= 0.95
    assert np.mean(share) < 0.25, "and not by masking everything"

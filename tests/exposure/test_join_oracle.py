"""The heart: the streaming kernel gives what the naive pandas join of the saved tables gives, to 1e-9."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from privacysim import tables
from privacysim import vocabulary as words
from privacysim.exposure import exposure_kernel as shipped_kernel
from privacysim.exposure import index_acts, is_outsider, measure_exposure
from privacysim.exposure import measure as measuring
from privacysim.sight.passes import Pieces, sightings
from privacysim.units import DAY_TICKS
from tests.helpers.exposure_definition import chances, exposure_by_definition, join, visits_revealed
from tests.helpers.long_sets import first

CAMERAS, PEOPLE, DAYS, FIRST_DAY = 12, 40, 2, -1
NUMBERS = ["identifiable_s", "viewer_identifiable_s", "p_identified", "p_identified_max", "p_identified_days",
           "sensitive_visits_revealed"]  # fmt: skip
KEYS = ["policy", "person_id", "legality", "curve"]


def walks(rng, people=PEOPLE, days=DAYS, first_day=FIRST_DAY):
    """Made-up passes of some people in front of 12 cameras, round midnight too, and the block that they belong to."""
    tours = 4 * people
    made = rng.integers(0, 2, (tours, 64 * ((days + 63) // 64))) * (np.arange(64 * ((days + 63) // 64)) < days)
    block = SimpleNamespace(
        person_id=np.sort(rng.choice(10**6, people, replace=False)), weight=np.full(people, 2.0), first_day=first_day,
        days=days, tour_mask=np.packbits(made.astype(np.uint8), axis=1, bitorder="little").view(np.uint64),
        tour_shift=rng.permutation(tours).astype(np.int32),
        jitter=rng.integers(-9000, 9001, (tours, days)).astype(np.int16),
    )
    rows = []
    for person in range(people):
        for number in range(4):
            tour = 4 * person + number
            place = int(rng.integers(-1, 6)) if number < 3 else -1
            for camera in np.sort(rng.choice(CAMERAS, 4, replace=False)):
                at = int(rng.integers(0, DAY_TICKS - 10_000))
                for _ in range(int(rng.integers(1, 5))):
                    length = int(rng.integers(1, 900))
                    at += int(rng.choice([0, 0, 50]))  # mostly touching, as pieces of one walk are
                    rows.append((person, (number << 32) + 100 + camera, camera, tour, at, length,
                                 rng.integers(0, 400), rng.random() < 0.6, place, place in (1, 2, 3)))  # fmt: skip
                    at += length
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    kinds = (np.int32, np.int64, np.int32, np.int32, np.int32, np.int32, np.uint16, np.bool_, np.int64, np.bool_)
    return Pieces(*(column.astype(kind) for column, kind in zip(columns, kinds, strict=True))), block


def looks(rng, seen, policy, n=260, days=DAYS, first_day=FIRST_DAY):
    """Acts of every kind at those cameras: overlapping, touching, empty, of one viewer or a million."""
    begin = rng.integers(first_day * DAY_TICKS, (first_day + days) * DAY_TICKS, n)
    end = begin + rng.choice([0, 1, 600, 36_000, DAY_TICKS, 3 * DAY_TICKS], n)
    camera = 100 + rng.integers(0, CAMERAS, n)
    for row in range(n // 2):  # touching times: the act ends when a piece begins, or begins when it ends
        piece = seen.iloc[int(rng.integers(len(seen)))]
        camera[row] = piece["camera_id"]
        enter, leave = round(piece["enter_s"] * 10), round(piece["leave_s"] * 10)
        begin[row], end[row] = [(enter - 700, enter), (leave, leave + 700), (enter, leave), (leave - 1, leave)][row % 4]
    act = rng.choice(words.ACTS, n)
    audience = np.where(np.isin(act, ("view", "use")), rng.choice([0.0, 0.4, 1.0, 7.0, 1e6], n), 0.0)
    return tables.frame("acts", {
        "policy": policy, "replicate": 0, "act_id": np.arange(n), "parent_id": -1,
        "source": rng.choice(words.SOURCES, n), "source_id": 0, "custodian_id": 0, "camera_id": camera,
        "from_s": begin / 10, "to_s": end / 10, "at_s": 0.0, "actor": rng.choice(words.REQUESTERS, n),
        "viewer": rng.integers(0, 6, n), "act": act, "purpose": rng.choice(words.PURPOSES, n),
        "channel": rng.choice(words.CHANNELS, n), "technique": rng.choice(words.TECHNIQUES, n),
        "document": rng.choice(words.DOCUMENTS, n), "scene": rng.choice(words.SCENES, n),
        "specific": rng.choice(words.SPECIFIC, n), "general": rng.choice(words.GENERAL, n),
        "legality": rng.choice(words.LEGALITIES, n), "basis_specific": "", "basis_general": "",
        "mask": rng.choice(["none", "none", "pixelate:4", "pixelate:1.5", "box"], n), "reversible": False,
        "gallery": rng.choice([2, 20, 150, 10**7], n), "known": rng.choice([1.0, 0.0075, 1e-7], n),
        "audience": audience, "attention": rng.choice([1.0, 0.1], n),
    })  # fmt: skip


def case(seed, people=PEOPLE, **span):
    rng = np.random.Generator(np.random.Philox(seed))
    pieces, block = walks(rng, people, **span)
    seen = sightings(pieces, block, SimpleNamespace(which=100 + np.arange(CAMERAS)), 0)
    logs = [SimpleNamespace(policy=policy, acts=looks(rng, seen, policy, **span)) for policy in ("a", "b:wide")]
    place = np.arange(6)
    places = tables.frame("places", {
        "place_id": place, "x_m": 0.0, "y_m": 0.0, "node_id": place, "category": "clinic", "regime": "public_other",
        "secret": "none", "scene": "public_interior", "sensitive": np.isin(place, (1, 2, 3)),
    })  # fmt: skip
    return pieces, block, seen, logs, places


def at_watched(pieces, acts):
    """Pieces at watched cameras alone, their camera an index into `acts.watched`, as `coverage` would number them."""
    keep = np.isin(100 + pieces.camera, acts.watched)
    kept = {name: getattr(pieces, name)[keep] for name in Pieces.__dataclass_fields__}
    return replace(Pieces(**kept), camera=np.searchsorted(acts.watched, 100 + kept["camera"]).astype(np.int32))


def assert_same(ours, theirs):
    both = [frame.sort_values(KEYS, ignore_index=True) for frame in (ours, theirs)]
    assert len(both[0]) == len(both[1])
    for key in [*KEYS, "sightings_seen"]:
        assert (both[0][key].astype(str) == both[1][key].astype(str)).all(), key
    for number in NUMBERS:
        assert np.allclose(both[0][number], both[1][number], rtol=1e-9, atol=0.0), number


@pytest.mark.parametrize("seed", first(4, range(20)))
def test_kernel_equals_the_naive_join_of_the_tables(seed):
    pieces, block, seen, logs, places = case(seed)
    acts = index_acts(logs)
    ours = measure_exposure(at_watched(pieces, acts), block, acts.whoever()).frame(0)
    theirs = exposure_by_definition(seen, tables.concat("acts", [log.acts for log in logs]), places)
    assert len(theirs) > 200
    assert (theirs["sensitive_visits_revealed"] > 0).any()
    assert_same(ours, theirs)


@pytest.mark.parametrize(("seed", "span"), [(0, (70, -40)), (1, (64, 3)), (2, (130, -129))])
def test_kernel_equals_the_join_over_many_days_before_and_after_day_0(seed, span):
    days, first_day = span
    pieces, block, seen, logs, places = case(seed, people=8, days=days, first_day=first_day)
    acts = index_acts(logs)
    ours = measure_exposure(at_watched(pieces, acts), block, acts.whoever()).frame(0)
    assert len(ours) > 40
    assert_same(ours, exposure_by_definition(seen, tables.concat("acts", [log.acts for log in logs]), places))


@pytest.mark.parametrize("seed", first(1, range(3)))
def test_groups_are_the_join_over_insiders_and_outsiders_apart(seed):
    pieces, block, seen, logs, places = case(seed)
    acts = index_acts(logs)
    ours = measure_exposure(at_watched(pieces, acts), block, acts)
    for outsider in (False, True):
        chosen = [log.acts[is_outsider(log.acts) == outsider] for log in logs]
        theirs = exposure_by_definition(seen, tables.concat("acts", chosen), places)
        person = np.searchsorted(block.person_id, theirs["person_id"])
        arm = theirs["policy"].map({"a": 0, "b:wide": 1}).to_numpy()
        group = 3 * outsider + theirs["legality"].cat.codes.to_numpy()
        curve = theirs["curve"].cat.codes.to_numpy()
        for number in NUMBERS:
            assert np.allclose(getattr(ours, number)[person, arm, group, curve], theirs[number], rtol=1e-9, atol=0.0)
        assert (ours.sightings_seen[person, arm, group] == theirs["sightings_seen"]).all()
        assert np.count_nonzero(ours.sightings_seen[:, :, 3 * outsider : 3 * outsider + 3]) * 2 == len(theirs)


@pytest.mark.parametrize("seed", first(1, range(3)))
def test_visits_revealed_to_outsiders_take_each_viewer_once_whatever_the_legality(seed):
    pieces, block, seen, logs, places = case(seed)
    acts = index_acts(logs)
    ours = measure_exposure(at_watched(pieces, acts), block, acts).revealed_to_outsiders
    sensitive = places.loc[places["sensitive"], "place_id"]
    for arm, log in enumerate(logs):
        rows = join(seen, log.acts[is_outsider(log.acts)])
        for c, curve in enumerate(words.CURVES):
            theirs = visits_revealed(rows.assign(q=chances(rows, curve)[1]), sensitive, ["person_id"])
            expected = theirs.reindex(block.person_id).fillna(0.0).to_numpy()
            assert expected.max() > 0.0
            assert np.allclose(ours[:, arm, c], expected, rtol=1e-9, atol=0.0)


def test_the_oracle_notices_an_overlap_of_zero_seconds(monkeypatch):
    """The kernel's Python twin, with `<` for `<=` in the overlap, must fail the comparison; unchanged, it passes."""
    pieces, block, seen, logs, places = case(0, people=6)
    acts = index_acts(logs)
    theirs = exposure_by_definition(seen, tables.concat("acts", [log.acts for log in logs]), places)
    source = Path(shipped_kernel.__file__).read_text(encoding="utf-8")
    plain = re.sub(r"from privacysim.compiled import jit", "jit = lambda function: function", source)
    wrong, changes = re.subn(r"if overlap_begin < overlap_end:", "if overlap_begin <= overlap_end:", plain)
    assert changes == 1
    outcomes = []
    for text in (plain, wrong):
        twin: dict[str, object] = {}
        exec(compile(text, "twin of the kernel", "exec"), twin)
        monkeypatch.setattr(measuring, "kernel", SimpleNamespace(expose=twin["expose"]))
        try:
            with np.errstate(divide="ignore", over="ignore"):  # numpy warns of log 0 and of 2⁶⁴, compiled code does not
                ours = measure_exposure(at_watched(pieces, acts), block, acts.whoever())
            assert_same(ours.frame(0), theirs)
            outcomes.append("same")
        except AssertionError:
            outcomes.append("differs")
    assert outcomes == ["same", "differs"]


def test_tables_read_back_from_disk_give_the_same_exposure(tmp_path):
    pieces, block, seen, logs, places = case(1)
    acts = tables.concat("acts", [log.acts for log in logs])
    read = {}
    for name, frame in (("sightings", seen), ("acts", acts), ("places", places)):
        tables.write(name, frame, tmp_path / f"{name}.parquet")
        read[name] = tables.read(name, tmp_path / f"{name}.parquet")
    index = index_acts(logs)
    ours = measure_exposure(at_watched(pieces, index), block, index.whoever()).frame(0)
    assert_same(ours, exposure_by_definition(**read))


def test_nobody_looking_means_nobody_exposed():
    pieces, block, seen, logs, places = case(2)
    unseen = [SimpleNamespace(policy=log.policy, acts=log.acts.assign(audience=0.0)) for log in logs]
    acts = index_acts(unseen)
    assert acts.watched.size == 0
    none = Pieces(*(getattr(pieces, name)[:0] for name in Pieces.__dataclass_fields__))
    ours = measure_exposure(none, block, acts)
    assert ours.p_identified.sum() == ours.identifiable_s.sum() == ours.sightings_seen.sum() == 0
    assert exposure_by_definition(seen, pd.concat([log.acts for log in unseen]), places).empty

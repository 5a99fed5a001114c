"""Trips of people as a table: when each begins and ends, from where to where, by which mode and for what."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.people.population import MODES
from privacysim.people.tours import Block
from privacysim.units import TICKS_PER_S


def made_on(block: Block) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows (tour, day counted from the block's first day) of every tour that is made, in the order of tours."""
    days = np.arange(block.days)
    bits = (block.tour_mask[:, days // 64] >> (days % 64).astype(np.uint64)) & np.uint64(1)
    tour, day = np.nonzero(bits)
    return tour, day


def trips(block: Block) -> pd.DataFrame:
    """One row per trip of these people, door to door, in the order of person, day and begin.

    Columns: `person` (index into `block.person_id`), `day` (day 0 is the first of the study), `begin_h` and `end_h`
    (hours after 00:00 of the day), `origin` and `goal` (places), `mode` (walk, cycle, ebike, transit or car),
    `ride_h` (hours in a vehicle, waits excluded; 0 for those who walk or cycle), `purpose` (home, work or other: what
    the traveller does at the goal) and `for_work` (whether the trip belongs to a tour to work or study). A trip belongs
    to the day on which its tour begins.

    >>> import numpy as np
    >>> from privacysim.city import build_city
    >>> from privacysim.people import draw_block
    >>> from privacysim.scenario import load_scenario
    >>> scenario = load_scenario("guangzhou_district")
    >>> block = draw_block(build_city(scenario), scenario, 185, 0, np.arange(500), np.ones(500), 0, 7)
    >>> made = trips(block)
    >>> bool((made["end_h"] >= made["begin_h"]).all()), sorted(made["purpose"].unique())
    (True, ['home', 'other', 'work'])
    """
    tour, day = made_on(block)
    person, hour = block.tour_person[tour], 3600.0 * TICKS_PER_S
    home, goal = block.home_place[person], block.tour_place[tour]
    arrive = block.stay_arrive[tour] + block.tour_jitter[tour, day]
    leave, length = arrive + block.stay_length[tour], block.tour_ticks[tour]
    work = goal == block.work_place[person]
    both = {"person": (person, person), "day": (day, day), "begin_h": (arrive - length, leave),
            "end_h": (arrive, leave + length), "origin": (home, goal), "goal": (goal, home),
            "mode": (block.tour_mode[tour],) * 2, "ride_h": (block.tour_ride_ticks[tour] / hour,) * 2,
            "purpose": (np.where(work, 1, 2), np.zeros(tour.size, dtype=np.int64)), "for_work": (work, work)}
    table = {name: np.concatenate(pair) for name, pair in both.items()}
    order = np.lexsort((table["begin_h"], table["day"], table["person"]))
    table = {name: column[order] for name, column in table.items()}
    table |= {name: table[name] / hour for name in ("begin_h", "end_h")}
    made = pd.DataFrame(table | {"day": table["day"] + block.first_day})
    made["mode"] = pd.Categorical.from_codes(table["mode"], pd.Index(MODES))
    made["purpose"] = pd.Categorical.from_codes(table["purpose"], pd.Index(["home", "work", "other"]))
    return made

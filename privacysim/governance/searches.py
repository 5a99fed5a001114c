"""Machine searches: compare everybody who passed the state's cameras with one person, plate or appearance.

The police search on their own and on shared consoles, where Order 799 (silent on face search) requires no document. If
the rules name the technique, the case's own signed document must cover it (a warrant that names the technique). If they
prohibit it, nobody searches. The act is one `view` per camera: the machine compares every face in the window on behalf
of one investigator, with κ = (people sought) / population. The number of people compared, and of strangers returned as
a match, follows from who walked there (`exposure.searched`, `metrics.necessity`).
"""

from __future__ import annotations

import numpy as np

from privacysim import vocabulary as words
from privacysim.governance.desk import delay
from privacysim.governance.log import NEVER, Books
from privacysim.governance.processes import Context
from privacysim.governance.request_life import Course, Ints, Requests
from privacysim.governance.viewers import gallery, viewer_ids
from privacysim.units import HOUR_TICKS

FIRST_SEARCH = 1 << 44
"""Request ids of searches: this + the case's id."""
_REQUEST, _PLATE = words.CHANNELS.index("request"), words.TECHNIQUES.index("plate_search")


def write_searches(context: Context, signed: Ints, books: Books) -> None:
    """Write all searches: the cameras that the rules open, by which channel and when, and the footage left to search.

    `signed`: by case row, when the case's documents were signed (NEVER until then).
    """
    world, rules, kept, end = context.world, context.rules, context.kept, context.end
    searches, cases, cameras = world.searches, world.cases, world.cameras
    size = np.diff(searches.start)
    if not searches.camera.size:
        return
    of, camera = np.repeat(np.arange(size.size), size), searches.camera
    asked, purpose = cases.asked[searches.case], cases.purpose[searches.case]
    operator, regime, era = cameras.operator[camera], cameras.regime[camera], rules.eras(asked)
    channels = {"own_console": operator == 0, "shared_platform": True, "request": True}
    way, channel = rules.first_way(
        channels, era[of], 0, purpose[of], operator, regime, technique=searches.technique[of], act="view"
    )
    opens = way > 0
    begun = asked + delay(world.scenario, world.scenario.access.notice_draft_h.number * HOUR_TICKS,
                          searches.marks[:, 0])
    paper = np.bincount(of, opens & (channel == _REQUEST), size.size) > 0
    at = np.where(paper, np.maximum(signed[searches.case], begun), begun)
    left = np.maximum(searches.from_tick[of], kept.oldest(camera, np.minimum(at, end)[of]))
    looks = opens & kept.recording[camera] & (left < searches.to_tick[of])
    let_in, done = np.bincount(of, opens, size.size) > 0, (np.bincount(of, looks, size.size) > 0) & (at < end)
    # the first accessible camera decides the channel; if there is none, the first of all decides whose footage it is
    first = np.minimum(searches.start[:-1], camera.size - 1)
    chosen = first.copy()
    found, index = np.unique(of[opens], return_index=True)
    chosen[found] = np.flatnonzero(opens)[index]
    requests = Requests(
        world, rules, FIRST_SEARCH + cases.case_id[searches.case], asked, np.zeros(size.size, dtype=np.uint8), purpose,
        camera[first], viewer_ids("search", cases.case_id[searches.case]), way[chosen],
        np.where(let_in, channel[chosen], words.CHANNELS.index("own_console")).astype(np.uint8),
    )
    course = Course(end, asked, at, at, at, ends={"no_rule": ~let_in, "erased": ~done})
    decided = np.where(let_in, course.decided, np.where(begun < end, begun, NEVER))
    reason = course.reason
    technique = np.array(words.TECHNIQUES, dtype=object)[searches.technique]
    reason[done] = ("searched by machine: " + technique)[done]
    unruled = rules.unruled(
        era, 0, purpose, cameras.operator[requests.camera], cameras.regime[requests.camera],
        listed=kept.listed[requests.camera], technique=searches.technique,
    )
    alive = np.maximum(asked, np.minimum(np.where(let_in, at, begun), end)) >= 0
    requests.write(
        books.requests, course, (size > 0) & (asked < end) & alive, case_id=cases.case_id[searches.case],
        legality=np.where(let_in, 0, np.maximum(unruled, 1)), decided_t=decided, reason=reason, evidence=1,
        cameras_n=np.bincount(of, looks, size.size),
        footage_t=np.bincount(of, np.where(looks, searches.to_tick[of] - left, 0), size.size),
    )
    act = np.flatnonzero(looks & (done & (at >= 0) & (asked < end))[of])
    people, row = world.scenario.population.people.number, of[act]
    books.acts.add(act.size, **requests.act(row, way[act]) | {
        "camera_id": camera[act], "from_t": left[act], "to_t": searches.to_tick[row], "at_t": at[row], "act": "view",
        "technique": searches.technique[row], "channel": channel[act], "own": operator[act] == 0,
        "unmask": rules.told(way[act], lambda route: route.unmask, False), "gallery": gallery(2, people).people,
        "known": np.where(searches.technique[row] == _PLATE, 0.0, 1.0 / people), "audience": 1.0,
    })

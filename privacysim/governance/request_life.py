"""Life cycle of a request: request → need → document → approval → service → search → delivery → return; and viewers.

Only desks are shared between requests, so only approval takes part in SimPy's time (`Desks.approved`). All other steps
are arithmetic on marks that belong to each request's own id, done for all requests of a process at once.

A viewer has a gallery of N people and a probability κ that a person filmed is one of them: κ = min(1, N / pool). The
pool is the population of the gallery: a city for an investigator's suspects, the people around for a neighbour or a
guard, a nation or the city for a website visitor. Verifying one named person is N = 2.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import Bools, Ints, hashes, stream_key
from privacysim.governance.log import NEVER, Book, coded
from privacysim.governance.rules_in_force import BEFORE, Rules
from privacysim.resources import shipped_rows
from privacysim.scenario import Scenario
from privacysim.world.world_model import World

_NEAR = frozenset({"own_staff_on_duty", "own_staff_off_purpose", "contractor", "person_filmed", "relative_or_guardian",
                   "victim_not_filmed", "employer", "neighbour", "impostor", "curious"})
"""Requesters who live or work around the camera, so their contacts are people of the neighbourhood."""
_SUSPECTS = frozenset({*words.STATE_ORGANS, "defence_counsel"})


def gallery(size: float, pool: float) -> dict[str, Any]:
    """Return the columns of acts for a gallery of at least two people, the right one and another; κ = min(1, N / pool).

    >>> gallery(150, 20_000)
    {'gallery': 150, 'known': 0.0075}
    """
    people = max(2, round(size))
    return {"gallery": people, "known": min(1.0, people / pool)}


def galleries(scenario: Scenario) -> dict[str, dict[str, Any]]:
    """Return the gallery of each requester."""
    access, city = scenario.access, scenario.population.people.number
    near = gallery(access.contacts.number, min(access.pool_neighbours.number, city))
    far = gallery(access.contacts.number, city)
    suspects = gallery(access.gallery_suspects.number, city)
    return {who: suspects if who in _SUSPECTS else near if who in _NEAR else far for who in words.REQUESTERS}


def visitors(scenario: Scenario) -> list[dict[str, Any]]:
    """Return the galleries of website visitors: those who live in the city, and all others."""
    pools = (scenario.population.people.number, scenario.leaks.pool_website.number)
    return [gallery(scenario.access.contacts.number, pool) for pool in pools]


def viewer_ids(kind: str, first: Ints, second: Ints | int = 0) -> Ints:
    """Hash stable ids of viewers, from their kind and up to two numbers: an investigator's case, a crowd's day."""
    key = stream_key(0, 0, f"viewer {kind}")
    mixed = hashes(key, hashes(key, first).view(np.int64) ^ np.asarray(second, dtype=np.int64))
    return (mixed >> np.uint64(1)).astype(np.int64)


ENDINGS = {row["ending"]: (row["outcome"], row["reason"]) for row in shipped_rows("data/endings.csv")}
"""Endings of a request, with outcome and reason; the first that applies, in this order, is taken."""
_CODES = {name: code for code, name in enumerate(ENDINGS)}


@dataclass
class Course:
    """Progress of many requests: the ticks of their steps, NEVER for a step that was not reached.

    `signed`: the document was approved (the tick of the request if none is needed). `served`: the custodian received
    it. `delivered`: the custodian answered. `left`: the document left the desk without a signature. `withdrawn`: the
    case was settled without it. `ends`: for additional names of `ENDINGS`, the requests that ended so; the others
    follow from the ticks.
    """

    end: int
    asked: Ints
    signed: Ints
    served: Ints
    delivered: Ints
    left: Ints | np.int64 = NEVER
    withdrawn: Ints | np.int64 = NEVER
    ends: dict[str, Bools] = field(default_factory=dict)

    @cached_property
    def ending(self) -> Ints:
        """Code of each ending: its position in `ENDINGS`."""
        waits = np.minimum(self.signed, self.end)
        known = {"withdrawn": np.minimum(self.withdrawn, self.end) <= np.minimum(self.left, waits - 1),
                 "expired": np.broadcast_to(self.left < NEVER, waits.shape), "at_desk": self.signed >= self.end,
                 "settled": self.withdrawn < self.served, "on_its_way": self.served >= self.end,
                 "searched": self.delivered >= self.end, **self.ends}
        codes = {code: known[name] for name, code in _CODES.items() if name in known}
        return np.select(list(codes.values()), list(codes), _CODES["given"])

    def ended(self, *names: str) -> Bools:
        """Return which requests ended in one of these ways."""
        return np.array([name in names for name in ENDINGS])[self.ending]

    @property
    def met(self) -> Bools:
        """Return which requests were granted: the footage was viewed, or a copy was taken."""
        return self.ending >= _CODES["informal"]

    @property
    def reason(self) -> NDArray[Any]:
        """Return the reason for each ending, in words; empty if it was simply granted."""
        return np.array([why for _, why in ENDINGS.values()], dtype=object)[self.ending]

    @property
    def decided(self) -> Ints:
        """Return when each request ended; NEVER while it is pending."""
        when = {("no_rule",): self.asked, ("withdrawn", "settled"): self.withdrawn, ("expired", "gone"): self.left,
                ("at_desk", "on_its_way"): NEVER}  # fmt: skip
        return np.select([self.ended(*names) for names in when], list(when.values()), self.served)


@dataclass(slots=True)
class Requests:
    """Requests of one process, in arrays of equal length: requester, purpose, camera and route.

    `camera`: one of each request, which determines the custodian and the rules that apply. `viewer`: stable id. `way`:
    number of the route in `rules.offers`, 0 if no rule gives access.
    """

    world: World
    rules: Rules
    number: Ints
    asked: Ints
    requester: NDArray[Any]
    purpose: NDArray[Any]
    camera: Ints
    viewer: Ints
    way: Ints
    channel: NDArray[np.uint8]

    @property
    def era(self) -> Ints:
        """Era whose rules apply to each request."""
        return self.rules.era(self.asked)

    def legality(self, ruled: Bools, least: int = 1, **asked: Any) -> Ints:
        """Return codes of LEGALITIES of viewing: authorised if `ruled`, else by the rules, but at least `least`.

        `asked` adds fields of the question (`Rules.ask`) or replaces them.
        """
        cameras = self.world.cameras
        found = self.rules.legality(self.era, **{"requester": self.requester, "act": "view", "purpose": self.purpose,
                                                 "channel": "request", "operator": cameras.operator[self.camera],
                                                 "regime": cameras.regime[self.camera], **asked})
        return np.where(ruled, 0, np.maximum(found, least))

    def write(self, book: Book, course: Course, kept: Bools, **more: Any) -> None:
        """Add one row for each request of `kept`; `more` adds columns or replaces them."""
        cameras, met = self.world.cameras, course.met
        columns: dict[str, Any] = {
            "request_id": self.number, "custodian_id": cameras.custodian_id[self.camera], "requester": self.requester,
            "purpose": self.purpose, "channel": self.channel, "operator": cameras.operator[self.camera],
            **self.rules.paper(self.way), "rule": self.rules.told(self.way, lambda route: route.id, ""),
            "granted_on_merit": self.way > 0, "submitted_t": self.asked, "decided_t": course.decided,
            "delivered_t": np.where(met, course.delivered, NEVER), "reason": course.reason,
            "outcome": coded("outcome", [outcome for outcome, _ in ENDINGS.values()])[course.ending], **more,
        }
        for name in ("cameras_n", "footage_t", "needed_t", "evidence"):
            columns[name] = np.where(met, columns.get(name, 0), 0)
        book.add(int(kept.sum()), **{name: np.broadcast_to(value, kept.shape)[kept] for name, value in columns.items()})

    def act(self, row: NDArray[np.intp], way: Ints | None = None) -> dict[str, Any]:
        """Return columns of acts on the requests `row`, by their routes or by the routes `way`."""
        known = pd.DataFrame(galleries(self.world.scenario).values()).iloc[self.requester[row]]
        return {"source": "request", "source_id": self.number[row], "actor": self.requester[row],
                "viewer": self.viewer[row], "purpose": self.purpose[row], "before": self.era[row] == BEFORE,
                "gallery": known["gallery"], "known": known["known"],
                **self.rules.paper(self.way[row] if way is None else way)}

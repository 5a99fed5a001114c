"""Processes: the parts of a simulation that request, leak or oversee footage, and their interface.

Everything that happens to footage is done by a *process*: the website, lapses of insiders, the police's requests,
inspections. The default processes of `simulate` use only this interface, so your own process can do everything that
they do.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from simpy import Environment, Event

from privacysim import parts
from privacysim.draws import hashes, stream_key, uniforms
from privacysim.errors import InputError
from privacysim.governance.desks import Desks
from privacysim.governance.log import Books
from privacysim.governance.oversight import Oversight
from privacysim.governance.rules_in_force import Keeping, Rules
from privacysim.governance.spreading import Spread
from privacysim.units import DAY_TICKS
from privacysim.world.chances import roots
from privacysim.world.world_model import World


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a process may use during one run, that is, one world under one policy.

    `world`: everything drawn by chance before any rule is applied. `rules`: the policy, the baseline and the tick of
    the switch. `kept`: retention, recording and masks of each camera. `env`: SimPy's clock, whose
    `env.process(generator)` starts something that takes time. `desks`: approval desks, shared by all processes.
    `spread`: `Chain`s of copies, sales, publications and uses. `oversight`: discovery of lapses, and the legal steps.

    Times are whole ticks of 0.1 s since 00:00 of day 0 (`privacysim.units`); before day 0 they are negative. Cameras
    are positions in `world.cameras`.
    """

    world: World
    rules: Rules
    kept: Keeping
    env: Environment
    desks: Desks
    spread: Spread
    oversight: Oversight

    @property
    def end(self) -> int:
        """The tick after the last day; acts are recorded in [0, end)."""
        return self.world.days * DAY_TICKS

    def until(self, tick: int) -> Event:
        """Return an event to `yield`: it fires at that tick, or at once if the tick has passed."""
        return self.env.timeout(max(tick - int(self.env.now), 0))

    def chances(self, stream: str, ids: Any, marks: int = 1) -> NDArray[np.float64]:
        """Draw marks of your own: an array (len(ids), marks) of uniform numbers strictly between 0 and 1.

        All policies have the same marks: let an event happen if its mark is below a probability that depends on the
        rules.
        """
        return uniforms(stream_key(self.world.seed, self.world.k, f"own {stream}"), ids, marks)

    def arrivals(self, stream: str, per_day: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw a Poisson stream of your own events, at `per_day` from the warm-up to the end: ids and ticks, in order.

        Draw at the highest rate of any policy; an event happens if its mark is below the share that the policy leaves.
        """
        days = range(-self.world.warmup_days, self.world.days)
        return roots(self.world.seed, self.world.k, f"own {stream}", per_day, days)

    @staticmethod
    def numbers(stream: str, ids: Any) -> NDArray[np.int64]:
        """Hash numbers for your own requests, incidents or viewers, so that they do not collide with other processes.

        >>> bool(Context.numbers("drones", [3, 4])[1] == Context.numbers("drones", [4])[0])
        True
        """
        return (hashes(stream_key(0, 0, f"own {stream}"), ids) >> np.uint64(1)).astype(np.int64)


class Process(Protocol):
    """One kind of thing that happens to footage, such as a leak, a requester or an oversight body.

    Inherit from this class, or write one with the same methods. Every run starts from a copy of the object, so `start`
    may set attributes, and nothing passes from one policy to the next. A process must not draw random numbers; it uses
    the chances of the world or of `Context.chances`. Example, a drone that films a street and that nobody notices:

        class Drone(Process):
            incidents: ClassVar = {"drone": ("drone",)}

            def start(self, context):
                self.context = context
                self.ids, self.ticks = context.arrivals("drones", per_day=2.0)

            def write(self, books):
                inside = (self.ticks >= 0) & (self.ticks < self.context.end)
                n, at = Context.numbers("drones", self.ids[inside]), self.ticks[inside]
                books.incidents.add(n.size, incident_id=n, custodian_id=1, kind="drone", opened_t=at, audience=1.0)
                books.acts.add(n.size, source="drone", source_id=n, camera_id=0, from_t=at - 600, to_t=at, at_t=at,
                               actor="curious", viewer=n, act="view", purpose="curiosity", audience=1.0)
    """

    incidents: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
    """Kinds of incident that the process writes, each with the sources of its acts, existing or new ones.

    An act belongs to the incident whose `incident_id` is the act's `source_id`. The `audience` of an incident must be
    the sum over its acts; `log.imbalances` compares the two.
    """

    context: Context

    def start(self, context: Context) -> None:
        """Store the context; start generators with `context.env.process`. The clock is at −warm-up."""
        self.context = context

    def write(self, books: Books) -> None:
        """Add rows: acts done in [0, end), requests and incidents active in it, audits."""


def prepared(processes: Sequence[Any]) -> tuple[dict[str, Process], dict[str, tuple[str, ...]]]:
    """Create a fresh copy of each process, by name, and return their kinds of incident with the sources of acts.

    Each item is an object, a class that needs no arguments, or the name of an entry point of `privacysim.processes`.
    Repeated names get a number appended. Raises InputError for anything else.
    """
    if isinstance(processes, str) or not isinstance(processes, Sequence):
        raise InputError("processes", "a sequence of processes", processes, "write (*DEFAULT, Mine())")
    running: dict[str, Process] = {}
    kinds: dict[str, tuple[str, ...]] = {"misuse": ()}
    for given in processes:
        found: Any = parts.named("processes", given) if isinstance(given, str) else given
        name = given if isinstance(given, str) else parts.name_of(given)
        for method in ("start", "write"):
            if not callable(getattr(found, method, None)):
                raise InputError(f"process {name}", "an object with the methods start(context) and write(books)",
                                 f"no method {method}", "see privacysim.governance.Process")
        for kind, sources in getattr(found, "incidents", {}).items():
            if isinstance(sources, str) or not all(isinstance(one, str) and one.isidentifier() for one in sources):
                raise InputError(f"process {name}, incidents", "each kind with a tuple of words",
                                 f"{kind!r}: {sources!r}", f'write {{"{kind}": ("{kind}",)}}')
            kinds[kind] = tuple(dict.fromkeys((*kinds.get(kind, ()), *sources)))
        fresh = found() if isinstance(found, type) else deepcopy(found)
        running[name if name not in running else f"{name} {len(running)}"] = fresh
    return running, kinds

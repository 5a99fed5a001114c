"""The 185 stay held: whatever is varied, the chance to be listed is solved again so that the list keeps its mean.

185 listed cameras are the datum; the number of exposable cameras, the scans and the stays are not known well. A run
that changed them and left `p_listed` alone would compare worlds of which only one shows what was seen. Equation and
limits: `privacysim.world.calibration`. Where even p_listed = 1 cannot list so many, the point is marked, not hidden.
"""

from __future__ import annotations

from dataclasses import replace

from privacysim.city import build_city
from privacysim.facts import facts, facts_replaced
from privacysim.files import Quantity
from privacysim.simulation.inputs import Inputs, hashed
from privacysim.world.calibration import listing

_DATUM = "website_listed_guangzhou"


def held(base: Inputs, changed: Inputs) -> tuple[Inputs, bool]:
    """The changed study with p_listed solved again, and whether the list could be held.

    The list's mean is the base study's own (185 in `guangzhou_185`); if the datum itself is varied, in its proportion.
    """
    with facts_replaced(base.facts):
        wanted = listing(build_city(base.scenario), base.scenario).expected
        datum = facts().value(_DATUM)
    with facts_replaced(changed.facts):
        found = listing(build_city(changed.scenario), changed.scenario).expected
        wanted *= facts().value(_DATUM) / datum
    if found <= 0 or abs(found / wanted - 1) < 1e-12:
        return changed, found > 0
    needed = changed.scenario.leaks.p_listed.number * wanted / found
    solved = Quantity(value=min(needed, 1.0), assumption="solved again, so that the list keeps its mean")
    leaks = changed.scenario.leaks.model_copy(update={"p_listed": solved})
    scenario = changed.scenario.model_copy(update={"leaks": leaks})
    return hashed(replace(changed, scenario=scenario)), needed <= 1.0

"""Register of observations: the model's values in many worlds, compared with published values that it was never given.

`data/register.csv` has one row per observation, with its band, protocol and the width beyond which a comparison has no
power (`docs/evidence/register.md`). World j draws its facts once and runs its own replicate j (prior predictive). A row
is *met* if the middle half of its values overlaps the band, *missed* if not, *no power* if its 5 to 95 % range is wider
than the stated width, and *not modelled* if the model has no such quantity.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from privacysim.city import build_city
from privacysim.facts import facts_replaced
from privacysim.policy import Reform
from privacysim.resources import shipped
from privacysim.scenario import load_scenario
from privacysim.sealed import cache_file, kept, offer
from privacysim.simulation import Simulation
from privacysim.simulation.fact_worlds import facts_of_world
from privacysim.simulation.inputs import canonical, data_digests, source_digest
from privacysim.validation import observed_days, observed_events

HOME, SEED = "guangzhou_185", 185
_BASELINE, _DUTIES = "notice_only", "order_799"
_ACCESS = Reform("edpb_72h", retention="14 d")
"""Policy of protocol A: people may see their own recordings, and every custodian keeps them for 14 days."""
Word = Literal["met", "missed", "no power", "not modelled"]


def read_register() -> list[Any]:
    """Read all rows of `data/register.csv`, with its columns as attributes."""
    table = pd.read_csv(shipped("data/register.csv"), keep_default_na=False)
    return list(table.itertuples(index=False, name="Observation"))


def world_values(world: int, vary: bool = True, scenario: str = HOME) -> dict[str, float]:
    """Values of all modelled rows in one world; `vary=False` keeps the facts at their best guesses."""
    case = load_scenario(scenario)
    city = build_city(case)
    drawn = facts_of_world(case, city, SEED, world) if vary else {}
    days = observed_events.DAYS
    with facts_replaced(drawn):
        sim = Simulation(case, [_BASELINE, _DUTIES, _ACCESS], days=days, seed=SEED, replicate=world,
                         footage_days=days + 1)  # fmt: skip
        base, duties = sim.logs[_BASELINE], sim.logs[_DUTIES]
        return {**observed_days.days(city, case, SEED, world), **observed_days.sightings(sim.world),
                **observed_days.street_cameras(sim.world), **observed_events.cases(sim.world, base),
                **observed_events.own_requests(sim.world, sim.logs[_ACCESS.id]),
                **observed_events.breaches(sim.world, base), **observed_events.leaks(sim.world, base),
                **observed_events.duties(sim.world, duties, sim.inputs.arm(_DUTIES)),
                **observed_events.faces(case.population.people.number)}


def run_worlds(worlds: int, workers: int = 2) -> pd.DataFrame:
    """Values by world (row) and observation (column); the same for any number of workers.

    Worlds are cached as they finish, so a stopped run continues where it ended.
    """
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return pd.DataFrame(list(pool.map(_kept_values, range(worlds))))


def _kept_values(world: int) -> dict[str, float]:
    """Values of a world, from the cache if the same code and data computed them before."""
    sources = [*sorted(Path(__file__).parent.glob("*.py")), shipped(f"sim/scenarios/{HOME}.toml"),
               *(shipped(f"sim/policies/{name}.toml") for name in (_BASELINE, _DUTIES, _ACCESS.base))]  # fmt: skip
    texts = (source.read_text(encoding="utf-8") for source in sources)
    path = cache_file("register", source_digest(), canonical(data_digests()), *texts, str(world))
    values: dict[str, float] | None = kept(path)
    if values is None:
        values = {name: float(value) for name, value in world_values(world).items()}
        offer(path, values)
    return values


class Verdict(NamedTuple):
    """Verdict on one row of the register, with the 5, 25, 50, 75 and 95 % quantiles of the values over worlds."""

    row: Any
    quantiles: tuple[float, ...]
    word: Word


def judged(row: Any, values: Iterable[float]) -> Verdict:
    """Compare one observation with the model's values in all worlds.

    On a ratio scale a zero counts as half of the smallest positive value.

    >>> row = read_register()[0]
    >>> judged(row, [37.0, 38.0, 39.0]).word, judged(row, [25.0, 26.0, 27.0]).word, judged(row, [20.0, 60.0]).word
    ('met', 'missed', 'no power')
    """
    found = np.asarray([value for value in values if np.isfinite(value)])
    if not found.size:
        return Verdict(row, (), "no power")
    ratio = row.width_scale == "ratio"
    if ratio:
        found = np.where(found > 0, found, found[found > 0].min() / 2.0 if (found > 0).any() else 0.0)
    low, first, middle, last, high = (float(q) for q in np.quantile(found, [0.05, 0.25, 0.5, 0.75, 0.95]))
    wide = high > row.width_that_counts * low if ratio else high - low > row.width_that_counts
    word: Word = "no power" if wide else "met" if first <= row.high and row.low <= last else "missed"
    return Verdict(row, (low, first, middle, last, high), word)


def verdicts(values: pd.DataFrame) -> list[Verdict]:
    """One verdict per row of the register, in its order."""
    return [judged(row, values[row.id]) if row.id in values else Verdict(row, (), "not modelled")
            for row in read_register()]  # fmt: skip


def counts(found: Sequence[Verdict]) -> pd.DataFrame:
    """Number of rows by series and verdict, and the share met among rows with power (not modelled counts as missed)."""
    table = pd.DataFrame({"series": [one.row.series for one in found], "verdict": [one.word for one in found]})
    made = pd.crosstab(table["series"], table["verdict"])
    made = made.reindex(columns=["met", "missed", "not modelled", "no power"], fill_value=0)
    made["share met"] = made["met"] / (made["met"] + made["missed"] + made["not modelled"])
    return made


def markdown(found: Sequence[Verdict], worlds: int) -> str:
    """Format the verdicts as a Markdown page."""
    lines = [
        "# Register: verdicts", "",
        "Made by `privacysim calibrate verdicts -o docs/evidence/register_verdicts.md`; do not edit. "
        f"{worlds} worlds of `{HOME}`, seed {SEED}; [the register](register.md) explains rows, protocols and verdicts. "
        "Ranges are the middle half and the 5 to 95 % quantiles over worlds.", "",
    ]
    for series, row in counts(found).iterrows():
        lines.append(f"- {series} series: {row['met']:.0f} met, {row['missed']:.0f} missed, {row['not modelled']:.0f} "
                     f"not modelled, {row['no power']:.0f} without power.")  # fmt: skip
    lines += ["", "| row | observed | band | model, middle half | 5 to 95 % | unit | verdict |", "|---" * 7 + "|"]
    for one in found:
        seen, q = one.row, one.quantiles
        middle, whole = (f"{q[1]:.3g} to {q[3]:.3g}", f"{q[0]:.3g} to {q[4]:.3g}") if q else ("–", "–")
        word = f"**{one.word}**" if one.word in ("missed", "not modelled") else one.word
        band = f"{seen.low:.3g} to {seen.high:.3g}"
        lines.append(f"| {seen.id} | {seen.value:.3g} | {band} | {middle} | {whole} | {seen.unit} | {word} |")
    return "\n".join(lines) + "\n"

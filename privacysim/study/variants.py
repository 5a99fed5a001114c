"""Many variants of one policy in one paired study: sweeps over levers, and ablations of a policy's rules.

Both are ordinary studies whose arms are the variants. All share the city, the people and the chances of each replicate,
and every interval follows the rules of `results.comparison`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import pandas as pd

from privacysim.errors import InputError, refuse_unknown
from privacysim.files import plain_data
from privacysim.policy import Arm, Reform, load_policy
from privacysim.policy.policy_form import DUTY_NAMES
from privacysim.results import Comparison, Results
from privacysim.units import DAY_S, duration_s

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PARTS = ("access", "forbidden", "prohibited", "retention", *DUTY_NAMES, "siting", "mask", "desk", "oversight",
          "sanctions", "demand", "general_law", "footage")
"""Sections of a policy that an ablation swaps, each as a whole."""


@dataclass(frozen=True)
class Variants:
    """Variants of a policy: `table`, one row per variant, metric and curve; `results`, and their comparison (`change`).

    The columns `by` name the variant: for a sweep the values of its levers, for an ablation the part and what was done.
    The others are those of `Comparison.table`: mean, ratio and difference with 95 % intervals, n and note.
    """

    table: pd.DataFrame
    by: tuple[str, ...]
    results: Results
    change: Comparison
    against: str

    def of(self, metric: str = "", curve: str = "low") -> pd.DataFrame:
        """Rows of one metric (by name; default: the primary one) on one curve, or of a metric without curves."""
        rows = self.table[self.table["metric"] == self._title(metric)]
        return rows[rows["curve"].isin(["", curve])].reset_index(drop=True)

    def plot(self, metric: str = "", curve: str = "low", ax: "Axes | None" = None) -> "Axes":
        """Draw the ratio to the unchanged policy with its interval, as a band over the first lever or row by row."""
        from privacysim.figures import variants

        return variants(self.of(metric, curve), self.by, title=self._title(metric), against=self.against, ax=ax)

    def _title(self, metric: str) -> str:
        refuse_unknown(name := metric or self.change.primary, self.change.declared, "metrics", "a known metric")
        return self.change.declared[name].title


def sweep(study: Any, policy: str, levers: Mapping[str, Sequence[Any]], run: Mapping[str, Any]) -> Variants:
    """Run every combination of the levers' values as a reform of `policy` in a `Study`; see `Study.sweep`."""
    for name, values in levers.items():
        if isinstance(values, str):
            raise InputError(f"sweep, {name}", "a list of values", values, f'write {name}=["{values}"]')
    levers = {name: values for name, values in levers.items() if len(values)}
    if not levers:
        raise InputError("sweep", "at least one lever with values", "none", 'write sweep(retention=["3 d", "7 d"])')
    base = study.inputs().arm(policy or study.plan.baseline).id
    made = [Reform(base, name=f"sweep_{n}", **dict(zip(levers, values, strict=True)))
            for n, values in enumerate(product(*levers.values()))]  # fmt: skip
    results = study.with_policies([base, *made], base).run(**run)
    change = results.compare(base)
    named = {one.id: tuple(duration_s(value) / DAY_S if name == "retention" else value
                           for name, value in one.changes.items() if name in levers) for one in made}  # fmt: skip
    by = tuple(name for name in made[0].changes if name in levers)
    return Variants(_named(change, named, by), by, results, change, change.titles[base])


def ablate(study: Any, policy: str, run: Mapping[str, Any]) -> Variants:
    """Take each rule of a policy out of it, and put each alone into the baseline; see `Study.ablate`."""
    inputs = study.inputs()
    whole, base = inputs.arm(policy), inputs.arm(study.plan.baseline)
    if whole.id == base.id:
        raise InputError("ablate", "a policy other than the baseline", policy, "name another policy of the study")
    out, alone, made = dict[str, tuple[str, str]](), {whole.id: ("all rules", "alone")}, list[dict[str, Any]]()
    for part in (name for name in _PARTS if getattr(whole.policy, name) != getattr(base.policy, name)):
        for named, how, into, source in ((out, "taken out", whole, base), (alone, "alone", base, whole)):
            named[f"ablate_{len(made)}"] = part.replace("_", " "), how
            made.append(_swapped(into, source, part, f"ablate_{len(made)}"))
    results = study.with_policies([base.id, whole.id, *made], base.id).run(**run)
    change, by = results.compare(base.id), ("part", "how")
    table = pd.concat([_named(change, alone, by), _named(results.compare(whole.id), out, by)], ignore_index=True)
    against = f"{change.titles[whole.id]} (taken out), {change.titles[base.id]} (alone)"
    return Variants(table, by, results, change, against)


def _named(change: Comparison, named: Mapping[str, tuple[Any, ...]], by: Sequence[str]) -> pd.DataFrame:
    """Rows of these arms (ids without their reading), with their names in the columns `by` instead of `policy`."""
    table = change.table()
    arms = table["policy"].where(table["policy"].isin(list(named)), table["policy"].str.partition(":")[0])
    rows = table.assign(policy=arms)[arms.isin(list(named))].reset_index(drop=True)
    names = pd.DataFrame([named[arm] for arm in rows["policy"]], columns=list(by))
    return pd.concat([names, rows.drop(columns=["policy", "direction"])], axis=1)


def _swapped(into: Arm, source: Arm, part: str, name: str) -> dict[str, Any]:
    """The policy of `into` as plain data with one part of `source`; its citations are not tied to one day."""
    raw, other = ({key: value for key, value in plain_data(one.policy).items()
                   if key not in ("extends", "layer", "drop")} for one in (into, source))  # fmt: skip
    raw.pop(part, None)
    raw |= {part: other[part]} if part in other else {}
    raw["scope"] = list({one["id"]: one for one in (*raw.get("scope", ()), *other.get("scope", ()))}.values())
    if mask := raw.get("mask"):
        routes = {one["id"] for one in raw.get("access", ())}
        raw["mask"] = {**mask, "unmask": [one for one in mask.get("unmask", ()) if one in routes]}
    if ban := raw.get("prohibited"):
        read = [one for one in ban.get("scope", ()) if one in (into.reading, source.reading)]
        raw["prohibited"] = ban | ({"scope": read} if read else {})
    days = [str(one.policy.law_date) for one in (into, source)]
    made: dict[str, Any] = {**_undated(raw), "id": name, "title": {"en": f"{into.title}: {part}"}, "reading": [],
                            "status": "hypothetical", "law_date": max(days)}  # fmt: skip
    load_policy(made)  # a part that cannot be swapped is an error that says why
    return made


def _undated(value: Any) -> Any:
    if isinstance(value, Mapping):
        made = {key: _undated(one) for key, one in value.items()}
        return made | {"dated": True} if "reference" in value else made
    return [_undated(one) for one in value] if isinstance(value, list) else value

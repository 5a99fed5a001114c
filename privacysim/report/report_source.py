"""Source data of a report (a results folder with its rules and numbers), and its wording in English and Chinese."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from privacysim.errors import ResultsError, shown
from privacysim.files import read_toml, validate
from privacysim.metrics import METRICS
from privacysim.policy.policy_files import inherit, layered
from privacysim.policy.policy_form import Policy
from privacysim.report.report_model import Number, Text, plain
from privacysim.results import Comparison, Results, load_results
from privacysim.stats import short
from privacysim.vocabulary import CURVES, LEGALITIES

Row = Mapping[Any, Any]
"""A row of summary.csv, by column."""
IDENTIFIED = {kind: f"people_identified[legality={kind}]" for kind in LEGALITIES}
"""Legality of a viewing under the camera rules → metric of the people it identifies."""
_TWICE = 2.0
"""Changes at or above this ratio are given as a multiple, not in per cent."""


class Words:
    """Words of one language: `words("key", name=value)` returns a sentence with its blanks filled.

    `metrics` holds the declarations of the metrics to name: those stored with the results, if any.

    >>> Words("en")("replicates", n=10)
    '10 paired replicates'
    """

    def __init__(self, lang: str, metrics: Mapping[str, Any] = METRICS) -> None:
        self.lang, self.metrics, known = lang, metrics, _known()
        self._own: dict[str, str] = {key: said[lang] for key, said in known["words"].items()}
        self._chinese: dict[str, str] = known["chinese"] if lang == "zh" else {}
        self._texts: dict[str, str] = known["text"] if lang == "zh" else {}

    def __call__(self, key: str, **blanks: object) -> str:
        """The sentence of a key."""
        return self._own[key].format(**blanks)

    def text(self, english: str) -> tuple[str, str]:
        """Translation of an English text from a file, or the original marked as English."""
        found = self._texts.get(english)
        return (found or english, "en" if self.lang != "en" and not found else "")

    def title(self, metric: str) -> str:
        """Title of a metric; in Chinese, the English title if there is no translation."""
        return self._chinese.get(f"metric_{metric}", self.metrics[metric].title)

    def unit(self, metric: str) -> str:
        """The unit of a metric."""
        return self._chinese.get(f"unit_{self.metrics[metric].unit}", self.metrics[metric].unit)

    def word(self, kind: str, word: str) -> str:
        """A word of a closed list."""
        return self._own.get(f"{kind}_{word}", word.replace("_", " "))

    def all_of(self, names: Iterable[str]) -> str:
        """Several names joined into one list."""
        return ("、" if self.lang == "zh" else ", ").join(names)


@lru_cache(maxsize=1)
def _known() -> dict[str, Any]:
    return read_toml(Path(__file__).with_name("words.toml"))


def capital(text: str) -> str:
    """Capitalise the first letter of the text.

    >>> capital("people identified"), capital("CO₂")
    ('People identified', 'CO₂')
    """
    return text[:1].upper() + text[1:]


def there(row: Row, column: str) -> bool:
    """Whether the cell holds a number."""
    return not math.isnan(float(row[column]))


def number(row: Row, column: str, *, share: bool = False) -> Number:
    """One cell of a row of summary.csv, as a plain value or as a share in per cent."""
    value = float(row[column])
    key = (str(row["policy"]), str(row["metric"]), str(row["curve"]), column)
    return Number(f"{short(100 * value)} %" if share else short(value), value, key, "share" if share else "value")


def change(row: Row, column: str, *, signed: bool = True) -> Number:
    """A ratio as a change in per cent; `signed=False` omits the sign if the sentence gives the direction."""
    plainly = number(row, column)
    percent = 100 * (plainly.value - 1)
    text = f"{'+' if percent > 0 else ''}{short(percent)}" if signed else short(abs(percent))
    return Number(text, plainly.value, plainly.key, "change")


def with_interval(row: Row, column: str, ends: str, *, share: bool = False) -> Text:
    """A value with its interval, if any (columns `ends`_low and `ends`_high); a dash if there is no value."""
    if not there(row, column):
        return ("–",)
    value, low, high = (number(row, name, share=share) for name in (column, f"{ends}_low", f"{ends}_high"))
    return (value,) if math.isnan(low.value) or math.isnan(high.value) else (value, " [", low, ", ", high, "]")


def sentence(rows: Sequence[Row], words: Words, policy: str, primary: str) -> Text:
    """Compare one rule with the baseline on the metric titled `primary`; `rows` has one row per curve."""
    notes, known = [str(row["note"]) for row in rows], [row for row in rows if there(row, "ratio")]
    for start, key in (("identical", "identical"), ("0 in", "zero")):
        if rows and all(note.startswith(start) for note in notes):
            return (words(key, policy=policy, primary=primary),)
    if not known:
        return (words("no_ratio", policy=policy, primary=primary),)
    kinds = {_kind(row) for row in known}
    kind = kinds.pop() if len(kinds) == 1 else "bare"
    text: list[str | Number] = [words(kind, policy=policy, primary=primary)]
    sizes = [size(row, kind, words) for row in known]
    if len(sizes) > 1 and len({plain(one) for one in sizes}) == 1:
        return (*text, *sizes[0], words("on_both"), words("stop"))
    for n, (row, said) in enumerate(zip(known, sizes, strict=True)):
        text += [words("join"), *said] if n else said
        if len(sizes) > 1 and row["curve"] in CURVES:
            text.append(words("on_curve", curve=words(row["curve"])))
    return (*text, words("stop"))


def _kind(row: Row) -> str:
    if not there(row, "ratio_low"):
        return "bare"
    if row["ratio_low"] <= 1.0 <= row["ratio_high"] or row["p_holm"] >= 0.05:
        return "undecided"
    if row["ratio"] >= _TWICE:
        return "multiplies"
    return "lowers" if row["ratio"] < 1.0 else "raises"


def size(row: Row, kind: str, words: Words) -> Text:
    """Size of a change as a multiple or in per cent, with its interval; `kind` is the verb before it."""
    columns = ("ratio", *(("ratio_high", "ratio_low") if kind == "lowers" else ("ratio_low", "ratio_high")))
    if row["ratio"] >= _TWICE:
        value, low, high = (number(row, column) for column in columns)
        text: Text = (value, words("times")) if kind != "multiplies" or words.lang == "zh" else (value,)
    else:
        value, low, high = (change(row, column, signed=kind not in ("lowers", "raises")) for column in columns)
        text = (value, " %")
    return (*text, " [", low, ", ", high, "]") if there(row, "ratio_low") else (*text, words("no_interval"))


def by_legality(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean numbers of people identified, as `people_by_legality` draws them: policy, legality, low, high."""
    kinds = rows["metric"].map({metric: kind for kind, metric in IDENTIFIED.items()}).rename("legality")
    found = rows[kinds.notna() & rows["mean"].notna()].groupby(["policy", kinds], sort=False)["mean"]
    return found.agg(low="min", high="max").reset_index()


_AGAIN = "  Fix: run the study again."


class Entry(NamedTuple):
    """One row of the register: a number's key in the scenario, its value, range, status and source."""

    name: str
    value: float
    low: float
    high: float
    status: str
    source: str


@dataclass(frozen=True)
class Source:
    """All source data of a memo: results, comparison, rules by policy id, register of numbers."""

    results: Results
    change: Comparison
    policies: Mapping[str, Policy]
    register: tuple[Entry, ...]

    @property
    def rows(self) -> pd.DataFrame:
        """Rows of summary.csv; a metric without curves has an empty string as its curve."""
        return self.change.rows

    def of(self, metric: str, arm: str = "") -> Sequence[Row]:
        """Rows of a metric, for all arms or one."""
        chosen = self.rows["metric"] == metric
        return self.rows[chosen & (self.rows["policy"] == arm) if arm else chosen].to_dict("records")

    def names(self, words: Words) -> dict[str, str]:
        """Name of each arm: the policy's title and its reading."""
        marks = "{}（{}）" if words.lang == "zh" else "{} ({})"
        found = {}
        for arm in self.results.arms:
            name, reading = title(self.policies[arm.partition(":")[0]], words), arm.partition(":")[2]
            found[arm] = marks.format(name, words.word("reading", reading)) if reading else name
        return found


def title(policy: Policy, words: Words) -> str:
    """Title of a policy in the language of `words`."""
    return (policy.title.zh if words.lang == "zh" else "") or policy.title.en


def read_source(folder: Path, baseline: str | None = None) -> Source:
    """Read a results folder for a memo; raises an error if it has no `inputs/`."""
    results = load_results(folder)
    inputs = folder / "inputs" / "sim"
    if not inputs.is_dir():
        raise ResultsError(f"{folder}: has no inputs/, so it cannot say which rules were run.\n"
                           "  Fix: run the study with --out, or Study.run(out=…).")  # fmt: skip
    where = inputs / "policies"
    policies = {name: validate(Policy, _raw(where, name), (where / f"{name}.toml").as_posix())
                for name in dict.fromkeys(arm.split(":")[0] for arm in results.arms)}  # fmt: skip
    path = folder / "inputs" / "data" / "facts.csv"
    with _readable(path):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        statuses = dict(zip(table["id"], table["status"], strict=True))
    scenario = _toml(inputs / "scenarios" / f"{results.manifest['scenario']['id']}.toml")
    return Source(results, results.compare(baseline), policies, tuple(_entries(scenario, "", statuses)))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, RecursionError) as error:
        raise ResultsError(f"{path}: cannot be read ({error}).\n{_AGAIN}") from None


def _toml(path: Path) -> dict[str, Any]:
    with _readable(path):
        return tomllib.loads(path.read_text(encoding="utf-8"))


def _raw(folder: Path, name: str, chain: tuple[str, ...] = ()) -> dict[str, Any]:
    """Keys of a stored policy, including inherited ones; `chain` lists the policies that inherit from it."""
    path = folder / f"{name}.toml"
    if name in chain or Path(name).name != name:
        at = shown((folder / (*chain, name)[-2:][0]).as_posix())
        raise ResultsError(f"{at}.toml: rests on {shown(name)}, which is no other policy of this folder.\n{_AGAIN}")
    raw, parent = _toml(path), {}
    file = validate(Policy, raw, path.as_posix())
    if file.extends:
        parent = _raw(folder, file.extends, (*chain, name))
    elif file.layer:
        parent = layered([_raw(folder, part, (*chain, name)) for part in file.layer], path.as_posix())
    return inherit(parent, raw, path.as_posix())


def _entries(data: Mapping[str, Any], at: str, statuses: Mapping[str, str]) -> Iterator[Entry]:
    for key, value in data.items():
        name = f"{at}.{key}" if at else key
        if not isinstance(value, Mapping):
            continue
        if not {"value", "assumption"} <= set(value):
            yield from _entries(value, name, statuses)
            continue
        why, status = str(value["assumption"]), "assumption"
        if why.startswith("fact "):
            fact, _, why = why.removeprefix("fact ").partition(": ")
            status = statuses.get(fact, "assumption")
        try:
            low, number, high = (float(value.get(end, value["value"])) for end in ("low", "value", "high"))
        except (TypeError, ValueError) as error:
            raise ResultsError(f"inputs/sim/scenarios, {name}: is no number ({error}).\n{_AGAIN}") from None
        yield Entry(name, number, low, high, status, why)

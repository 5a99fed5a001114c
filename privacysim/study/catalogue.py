"""Catalogues for Tab completion: `ps.rules.order_799`, `ps.measures.people_identified_by_outsiders`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Generic, TypeVar

from privacysim.errors import InputError, refuse_unknown, shown
from privacysim.metrics import METRICS, Metric
from privacysim.policy import Policy, load_policy
from privacysim.policy.policy_files import policy_files

Kind = TypeVar("Kind")


class Catalogue(Mapping[str, Kind], Generic[Kind]):
    """Items by name, as attributes and as keys; the error for an unknown name suggests the nearest."""

    def __init__(self, what: str, names: Callable[[], Iterable[str]], load: Callable[[str], Kind],
                 title: Callable[[Kind], str]) -> None:  # fmt: skip
        self._what, self._names, self._load, self._title = what, names, load, title

    def __getitem__(self, name: str) -> Kind:
        refuse_unknown(name, self._names(), self._what, f"a known one of {self._what}")
        return self._load(name)

    def __getattr__(self, name: str) -> Kind:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except InputError as error:
            raise AttributeError(str(error)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(list(self._names()))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._names()]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._names())

    def __repr__(self) -> str:
        return shown(f"{self._what}: {', '.join(self)}")

    def _repr_html_(self) -> str:
        titles = {name: escape(self._title(one)) for name, one in self.items()}
        rows = [f"<tr><td><code>{escape(name)}</code></td><td>{title}</td></tr>" for name, title in titles.items()]
        return f"<table><tbody>{''.join(rows)}</tbody></table>"


rules: Catalogue[Policy] = Catalogue("rules", policy_files, load_policy, lambda policy: policy.title.en)
"""Policies: the working folder's and the shipped ones."""
measures: Catalogue[Metric] = Catalogue("measures", lambda: METRICS, lambda name: METRICS[name], lambda one: one.title)
"""Metrics."""

"""Background of an answer: the rules compared, the register of numbers, the run, and its notes."""

from collections.abc import Iterable, Iterator

from privacysim.policy.policy_files import sourced
from privacysim.policy.policy_form import Policy
from privacysim.report.answer import Answer
from privacysim.report.report_model import Bullets, Subheading, Table
from privacysim.report.report_source import Entry, title
from privacysim.stats import short
from privacysim.units import DAY_S
from privacysim.wording import Words

STATUSES = {"CALIBRATED": "C", "assumption": "A", "S": "S", "D": "D", "R": "R", "measured": "M"}
"""Status of a fact → its letter; the register begins with the weakest evidence."""


def rules(said: Answer) -> Table:
    """Each rule in a sentence, with its status, retention, and what people filmed may ask for."""
    words = said.words
    rows = tuple(
        ((title(policy, words),), (words.text(policy.summary),), (words(f"status_{policy.status}"),),
         (_retention(policy, words),), (words(_own_footage(policy)),)) for policy in said.source.policies.values()
    )  # fmt: skip
    head = tuple(words(key) for key in ("rule", "says", "status", "retention", "private"))
    return Table("rules", words("rules_caption"), head, rows, layout="wrapped")


def departures(said: Answer) -> Iterator[Subheading | Bullets]:
    """Where the model departs from the text of each rule."""
    for policy in said.source.policies.values():
        if policy.departures:
            yield Subheading(title(policy, said.words))
            yield said.bullets(("", line) for line in policy.departures)


def register(said: Answer) -> Iterator[Subheading | Bullets | Table]:
    """Every assumption of the rules, and every number of the scenario with its range, status and source."""
    words = said.words
    yield Subheading(words("register_rules"))
    yield said.bullets((f"{title(policy, words)}, {place}: ", part.assumption)
                       for policy in said.source.policies.values()
                       for place, part in sourced(policy) if part.assumption)
    yield facts(said, said.source.register)


def facts(said: Answer, entries: Iterable[Entry]) -> Table:
    """Table of numbers of the scenario, each with its range and source; the weakest evidence comes first."""
    words = said.words
    entries = sorted(entries, key=lambda entry: list(STATUSES).index(entry.status))
    head = tuple(words(key) for key in ("number", "value", "range", "status", "source"))
    rows = tuple(((_titled(one, words),), (_plainly(one.value, 6),),
                  (f"{_plainly(one.low, 4)} – {_plainly(one.high, 4)}",), (STATUSES[one.status],),
                  (words.text(one.source),)) for one in entries)  # fmt: skip
    return Table("register", words("register_caption"), head, rows, layout="register")


def provenance(said: Answer) -> Table:
    """The run, its versions and how to repeat it."""
    manifest = said.manifest
    lines = {"run id": manifest["run_id"], "seed": said.study["seed"],
             "sample": said.study["sample"] if said.study["sample"] == "all" else f"{said.study['sample']:,} people",
             "general law of": said.study["law_date"], "privacysim": manifest["privacysim"],
             "commit": manifest["commit"] or "unknown", "source": manifest["source"][:16],
             "Python": manifest["python"], "platform": manifest["platform"],
             "libraries": ", ".join(f"{name} {version}" for name, version in manifest["libraries"].items()),
             "facts": manifest["data"].get("facts.csv", "")[:16], "begun": manifest["begun"],
             "took": f"{manifest['seconds']} s, {manifest['cpu_seconds']} CPU s, {manifest['workers']} workers",
             "arms": "; ".join(f"{arm['id']}: {arm['title']}" for arm in manifest["arms"]),
             "again": f"in the folder inputs/: privacysim run {said.study['id']}"}
    return Table("sources", "", ("", ""), tuple(((name,), (str(value),)) for name, value in lines.items()))


def notes(said: Answer) -> Iterator[Bullets]:
    """Notes of the run that belong to no metric, with the number of replicates that gave each."""
    found = said.source.results.notes
    general = found[(found["metric"] == "") & ~found["note"].str.startswith("cameras: ")]
    lines = general.groupby("note", sort=False).size()
    if len(lines):
        yield Bullets(tuple((f"{text} ({count} of {len(said.manifest['replicates'])} replicates)",)
                            for text, count in lines.items()))  # fmt: skip


def _titled(entry: Entry, words: Words) -> str:
    """Title of a number with its unit; without a title its key, which Chinese leaves as it is."""
    unit, spelled = words.text(entry.unit, "unit"), entry.name.replace("_", " ").replace(".", ", ")
    name = words.text(entry.title) or (entry.name if words.lang == "zh" else spelled)
    return name + (f" ({unit})" if len(unit) > 1 else "")


def _plainly(value: float, digits: int) -> str:
    """A number of the scenario, without an exponent if it is large."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.{digits}g}"


def _retention(policy: Policy, words: Words) -> str:
    """Retention in days at venues, small shops and homes; one number if all are equal."""
    if not policy.footage or policy.retention is None:
        return words("no_footage")
    kept = [getattr(policy.retention, name) or policy.retention.any for name in ("public", "public_other", "private")]
    found = ["–" if rule is None else short(rule.keep / DAY_S) for rule in kept]
    return words("days", n=found[0] if len(set(found)) == 1 else "\u00a0/\u00a0".join(found))


def _own_footage(policy: Policy) -> str:
    """Key of the words for what the rules offer to people who ask for footage of themselves."""
    if not policy.footage:
        return "no_footage"
    mine = [one for one in policy.access if (not one.channel or "request" in one.channel)
            and ("person_filmed" in one.requester or not one.requester)]  # fmt: skip
    if not mine:
        return "private_no"
    if any("copy" in one.acts or not one.acts for one in mine):
        return "private_copy"
    return "private_consent" if all("consent" in one.conditions for one in mine) else "private_view"

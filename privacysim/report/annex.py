"""What stands behind an answer: the rules compared and their routes, the register of numbers, the run, its notes."""

from collections.abc import Iterable, Iterator

from privacysim.law.provisions import PURPOSE_GROUPS, REQUESTER_GROUPS
from privacysim.policy.policy_files import sourced
from privacysim.policy.policy_form import Access, Forbidden, Policy
from privacysim.report.answer import Answer
from privacysim.report.report_model import Bullets, Subheading, Table
from privacysim.report.report_source import Entry, title
from privacysim.stats import short
from privacysim.units import DAY_S
from privacysim.vocabulary import ACTS
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


_HEADS = ("flow_who", "flow_paper", "flow_approver", "flow_camera", "flow_leaves")
_HELD = ("copy", "acquire", "buy", "disseminate")
"""Acts after which footage is outside the camera's system."""


def who_may_see(policy: Policy, words: Words) -> Table:
    """One row per way to footage, from the policy's own routes; ways that differ in the requester alone are one row.

    The last rows are whoever has no route: what the policy itself forbids them, and where it says nothing.

    >>> from privacysim.policy import load_policy
    >>> [cell[0] for cell in who_may_see(load_policy("notice_only"), Words("en")).rows[0]][1:3]
    ['notice of obtaining evidence', "head of the case's department"]
    """
    ways: dict[tuple[str, ...], list[str]] = {}
    for route in policy.access:
        who = _said(words, route.requester) or words("flow_anybody")
        why = _said(words, route.purpose)
        ways.setdefault(_steps(route, policy, words), []).append(words("flow_why", who=who, why=why) if why else who)
    rows = [(words.list(dict.fromkeys(who), long=True), *steps) for steps, who in ways.items()]
    others = words("flow_others" if rows else "flow_anybody")
    rows += [(others, "–", "–", *last) for last in _without_route(policy, words)]
    return Table(f"routes-{policy.id}", "", tuple(map(words, _HEADS)),
                 tuple(tuple((cell,) for cell in row) for row in rows), layout="flow")  # fmt: skip


def _steps(route: Access, policy: Policy, words: Words) -> tuple[str, ...]:
    """Paper, approver, camera and what leaves it."""
    paper, approver = (words("flow_none") if word == "none" else words.plain(word)
                       for word in (route.document, route.approver))  # fmt: skip
    leaves = words("flow_copy" if {*(route.acts or ACTS)} & {*_HELD} else "flow_look")
    masked = policy.mask is not None and policy.mask.kind != "none" and route.id not in policy.mask.unmask
    if masked or route.others_masked or "masked" in route.conditions:
        leaves += words("flow_all_masked" if masked else "flow_masked")
    return paper, approver, _cameras(words, route), leaves


def _cameras(words: Words, *rules: Access | Forbidden) -> str:
    places = dict.fromkeys(place for rule in rules for place in (rule.regime or rule.operator))
    whose = {True: "flow_own", False: "flow_foreign", None: "flow_any"}[rules[0].own]
    return words(whose) + (words("flow_at", places=_said(words, tuple(places))) if places else "")


def _without_route(policy: Policy, words: Words) -> Iterator[tuple[str, str]]:
    """Whoever has no route: the cameras that the policy's own prohibition of viewing reaches, and all others."""
    if not policy.footage:
        yield words("flow_no_camera"), words("flow_nothing")
        return
    ban = policy.prohibited if policy.prohibited and "view" in policy.prohibited.if_no_route else None
    scopes = [one for one in policy.scope if ban and one.id in ban.scope]
    some = [one for one in policy.forbidden if "view" in (one.acts or ACTS) and not one.requester and not one.channel]
    if ban:
        yield words("flow_or").join(words.text(one.says) for one in scopes) or words("flow_any"), words("flow_banned")
    elif some:
        yield _cameras(words, *some), words("flow_banned")
    if (scopes and all(one.where for one in scopes)) or (not ban and all(one.regime or one.operator for one in some)):
        yield words("flow_rest" if ban or some else "flow_any"), words("flow_silent")


def _said(words: Words, names: tuple[str, ...]) -> str:
    """Names in words; a whole group of them by the group's name."""
    for group, members in (REQUESTER_GROUPS | PURPOSE_GROUPS).items():
        if {*names} == {*members}:
            return words.plain(group)
    return words.list(dict.fromkeys(words.plain(name) for name in names))

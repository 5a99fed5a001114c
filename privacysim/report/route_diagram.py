"""Diagram of a policy's routes: requester, document, approver, camera, and the footage that leaves it."""

from collections.abc import Iterator

from privacysim.law.provisions import PURPOSE_GROUPS, REQUESTER_GROUPS
from privacysim.policy.policy_form import Access, Forbidden, Policy
from privacysim.report.report_model import Table
from privacysim.vocabulary import ACTS
from privacysim.wording import Words

_HEADS = ("flow_who", "flow_paper", "flow_approver", "flow_camera", "flow_leaves")
_HELD = ("copy", "acquire", "buy", "disseminate")
"""Acts after which footage is outside the camera's system."""


def who_may_see(policy: Policy, words: Words) -> Table:
    """One row per route to footage in the policy; routes that differ only in the requester share a row.

    The last rows are for people without a route: what the policy itself forbids them, and where it is silent.

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
    """Rows for people without a route: cameras under the policy's own prohibition of viewing, and all others."""
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

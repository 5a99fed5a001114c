"""The route that an act meets, as the tests of single rules ask for it."""

from __future__ import annotations

from privacysim.policy.judging import Question, tried
from privacysim.policy.policy_form import Access, Policy


def route_met(policy: Policy, question: Question) -> Access | None:
    """The first route whose rule, document, approval and conditions this act meets."""
    return next((rule for _, rule, failed in tried(policy, "", question)
                 if isinstance(rule, Access) and not failed), None)

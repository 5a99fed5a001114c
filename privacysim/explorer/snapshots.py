"""The first answer of shipped studies, kept as HTML, so that the page shows it while the city is drawn."""

import hashlib

from privacysim.explorer.answers import Answers
from privacysim.explorer.preview import Preview
from privacysim.policy import Reform
from privacysim.resources import shipped
from privacysim.simulation.inputs import canonical, resolved


def _sealed(preview: Preview, body: str) -> str:
    """A snapshot: its first line is the digest of the body and of the inputs that gave it, not of the source code."""
    whole = resolved(preview.study.inputs())
    known = {name: value for name, value in whole.items() if name not in ("source", "version", "data")}
    facts = {name: value for name, value in whole["data"].items() if not name.startswith("words/")}
    said = canonical([known, facts, preview.scenario.id, preview.days, preview.sample, preview.replicates, body])
    return f"<!-- {hashlib.sha256(said.encode()).hexdigest()[:16]} -->\n{body}"


def snapshot_of(preview: Preview) -> str:
    """The kept answer to the baseline's rules; empty if there is none from the same inputs."""
    path = shipped("data/explorer") / f"{preview.study.plan.id}.html"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return text if text == _sealed(preview, text.partition("\n")[2]) else ""


def make_snapshot(preview: Preview) -> str:
    """Compute it anew, all replicates; `python -m tools.explorer_snapshots` keeps it."""
    answers, reform = Answers(preview), Reform(preview.baseline.id)
    while answers.work(reform)[0]:
        pass
    return _sealed(preview, f"{answers.html(reform)}\n")

"""Template of a study notebook: written by `privacysim notebook new` and stored as `notebooks/new_study.ipynb`."""

from __future__ import annotations

TITLE = "# A study of your own"

_CELLS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("markdown", f"""{TITLE}

**Question.** What would change if footage were kept for less time?

**Answer in one paragraph.** *Write your answer here once the results below have convinced you, with the interval \
beside each number.*

Run time: about ten seconds. Data: the shipped facts. Seed: the parameter below. Change the parameters here, or \
from the command line: `privacysim notebook run new_study.ipynb -p retention="3 d"`.""", ()),
    ("code", """base = "order_799"            # the rules to start from: privacysim policy list
retention = "7 d"             # None leaves it as it is
mask = None                   # none, box, pixelate:4 …
approver = None               # department, county, judge
duties = None                 # nobody, venues, shops, everybody
ban = None                    # none, venues, everywhere
scenario = "guangzhou_part"   # privacysim scenario list
days = 30
replicates = 10               # ten are the fewest for an interval
seed = 185""", ("parameters",)),
    ("code", """import privacysim as ps

reform = ps.Reform(base, retention=retention, mask=mask, approver=approver, duties=duties, ban=ban)
print(reform.toml())""", ()),
    ("markdown", """The reform is a policy file that extends an existing policy and contains only what differs. \
`reform.save()` writes it to `sim/policies`, where every command finds it.""", ()),
    ("code", """study = ps.Study(
    scenario=scenario, policies=[base, reform.kept()], baseline=base, days=days, replicates=replicates, seed=seed,
    sample=5_000, start="steady",
)
results = study.run(progress=False)
change = results.compare()""", ()),
    ("code", """# NBVAL_CHECK_OUTPUT
names = ["people_identified_by_outsiders", "cases_with_admissible_evidence", "requests_lost_to_retention"]
print(change.table(names, text=True)[["metric", "curve", "policy", "mean", "ratio"]].to_string(index=False))""", ()),
    ("code", "_ = change.plot()", ()),
    ("markdown", """## What this does not show

Write here what the model leaves out and what would change your mind. The intervals describe the noise of the sample, \
the cameras and the events in this city, not the uncertainty of the facts.""", ()),
    ("markdown", "## Sources", ()),
    ("code", """print(results.run_id)
plan = study.plan
print(plan.scenario, plan.days, "days,", plan.replicates, "replicates, seed", plan.seed)""", ()),
)  # fmt: skip


def template_cells() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """(kind, source, tags) of each cell."""
    return _CELLS

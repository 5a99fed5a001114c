"""The commands `study sensitivity` and `study frontier`: sensitivity analysis and the search for better reforms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from privacysim.cli.options import Days, StudyName, TablesFolder, Workers, csv, rounded, words
from privacysim.errors import InputError


def sensitivity(
    study: StudyName,
    policy: Annotated[str | None, typer.Option(help="Policy whose answer is examined. Default: the last.")] = None,
    factors: Annotated[
        str | None, typer.Option(help="Comma-separated facts or assumptions. Default: all that the study reads.")
    ] = None,
    points: Annotated[int, typer.Option(help="Number of plausible worlds to run as well. 0: none.")] = 0,
    goal: Annotated[float | None, typer.Option(help="A world fails where the ratio to the baseline is higher.")] = None,
    morris: Annotated[
        int | None, typer.Option(help="Morris screening instead: number of trajectories, of factors + 1 points each.")
    ] = None,
    sobol: Annotated[
        int | None, typer.Option(help="Sobol indices instead: a power of two, times factors + 2 points.")
    ] = None,
    replicates: Annotated[int, typer.Option(help="Replicates at each point.")] = 3,
    sample: Annotated[int | None, typer.Option(help="Number of people in the sample.")] = None,
    days: Days = None,
    workers: Workers = None,
    out: TablesFolder = None,
) -> None:
    """Sensitivity analysis: which uncertain numbers matter, one at a time and in plausible worlds that vary them all.

    Every point recalibrates the listing probability, so that the expected number of listed cameras stays the same.
    """
    from privacysim import robustness as r
    from privacysim.study import Study

    inputs, found = r.prepare(Study(study), words(factors), replicates=replicates, sample=sample, days=days)
    last = [arm for arm in inputs.arm_ids if arm != inputs.arm(inputs.plan.baseline).id]
    if not last:
        raise InputError("study", "a policy beside the baseline", study, "add one to policies")
    chosen = inputs.arm(policy or last[-1]).id
    how: dict[str, Any] = {"workers": workers, "folder": None if out is None else out / "parts"}
    what = f"{chosen}: {inputs.plan.primary}, ratio to {inputs.plan.baseline} (low curve)"
    for name, size, says in (
        ("morris", morris, "mean size of a step's effect (mu*) and its dependence on other factors (sigma)"),
        ("sobol", sobol, "share of the variance: alone (s1), with interactions (st)"),
    ):
        if size is not None:
            table = r.global_indices(name, inputs, found, chosen, size, **how)
            print(f"{what}; {name.title()}: {says}\n")
            print(rounded(table.drop(columns="source").head(15)))
            _sources(table)
            csv(table, out, f"{name}.csv")
    if morris is not None or sobol is not None:
        return
    table = r.tornado(inputs, found, chosen, **how)
    print(f"{what}; one factor at a time\n")
    low = table[table["curve"] == "low"]
    columns = ["factor", "low", "value", "high", "unit", "ratio_at_low", "ratio", "ratio_at_high"]
    print(rounded(low.head(15)[columns]))
    _sources(low)
    _sources(low[low["note"] != ""], "note", None)
    csv(table, out, "tornado.csv")
    if points:
        _worlds(r, inputs, found, chosen, points, goal, out, how)


def _sources(table: Any, column: str = "source", rows: int | None = 5) -> None:
    for row in table.head(len(table) if rows is None else rows).to_dict("records"):
        print(f"  {row['factor']}: {row[column]}")


def _worlds(
    r: Any, inputs: Any, found: Any, chosen: str, points: int, goal: float | None, out: Path | None, how: dict[str, Any]
) -> None:
    """In what share of plausible worlds does each policy rank first, and where is the goal missed?"""
    seen = r.worlds(inputs, found, points, **how)
    order = r.ranking(seen)
    print(f"\n{r.ranking_words(order)}")
    if goal is not None:
        answers = seen.answers(chosen)
        known = answers == answers
        missed, misses = answers[known] > goal, f"misses its goal of {goal:g}"
        boxes = r.find_boxes(found, seen.values[known], missed)
        for box in boxes:
            print(f"{chosen} {box.words(found, misses)}")
        if not boxes:
            print(f"{chosen} {misses} in {missed.sum()} of {missed.size} worlds"
                  + ("" if missed.all() or not missed.any() else ", and no box of the uncertain numbers tells where"))
    csv(order, out, "ranking.csv")
    csv(r.worlds_table(seen), out, "worlds.csv")
    for line in seen.failed:
        print(line)


def frontier(
    design: Annotated[str, typer.Argument(help="Name or .toml file of a design space.")] = "reforms",
    variants: Annotated[int, typer.Option(help="Number of combinations to try.")] = 200,
    replicates: Annotated[int, typer.Option(help="Replicates of each combination.")] = 2,
    confirm: Annotated[int, typer.Option(help="New replicates for each combination on the front.")] = 10,
    budget: Annotated[float | None, typer.Option(help="Budget. Default: the design's.")] = None,
    workers: Workers = None,
    out: TablesFolder = None,
) -> None:
    """Search for better reforms: those that no other combination of levers beats, measured again on new replicates."""
    from privacysim import robustness as r

    space = r.load_design(design)
    found = r.find_frontier(space, variants=variants, replicates=replicates, confirm=confirm, workers=workers,
                            folder=None if out is None else out / "parts")  # fmt: skip
    print(f"{space.title or space.id}: {len(found.variants)} variants of {space.policy} in {space.scenario}, "
          f"{space.days} days, start {space.start}; {int(found.variants['front'].sum())} on the front")  # fmt: skip
    print("\n".join(f"  {line}" for line in found.words()))
    limit = space.budget if budget is None else budget
    if limit is not None:
        print(f"best within {limit:g} {space.cost_unit}: {found.best(limit)['variant']}")
    print("mean effect of each option over the variants tried (shares of the unchanged policy):")
    print(rounded(found.effects()))
    for row in found.worth.to_dict("records"):
        name = space.goals()[int(row["goal"])]
        print(f"search model, {name}: explains {100 * row['variance_explained']:.0f} % of the variance of left-out "
              f"variants; its 95 % intervals cover {100 * row['interval_held']:.0f} %")  # fmt: skip
    for name, table in (("variants", found.variants), ("front", found.confirmed), ("effects", found.effects())):
        csv(table, out, f"{name}.csv")
    for line in found.failed:
        print(line)

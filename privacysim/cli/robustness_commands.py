"""Commands `study sensitivity` and `study frontier`: how sure an answer is, and what would be better."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacysim.errors import InputError
from privacysim.files import whole_file

if TYPE_CHECKING:
    import pandas as pd


def sensitivity(
    study: Annotated[str, typer.Argument(help="Name or file of a study.")],
    policy: Annotated[str | None, typer.Option(help="The policy whose answer is examined; default: the last.")] = None,
    factors: Annotated[str | None, typer.Option(help="Facts or assumptions, by commas; default: all it reads.")] = None,
    points: Annotated[int, typer.Option(help="Plausible worlds, beside one number at a time; 0 leaves them out.")] = 0,
    goal: Annotated[float | None, typer.Option(help="Fails where the ratio to the baseline is above this.")] = None,
    morris: Annotated[
        int | None, typer.Option(help="Instead: Morris's screening with so many trajectories of factors + 1 points.")
    ] = None,
    sobol: Annotated[
        int | None, typer.Option(help="Instead: Sobol's indices from this power of two times factors + 2 points.")
    ] = None,
    replicates: Annotated[int, typer.Option(help="Replicates at each point.")] = 3,
    sample: Annotated[int | None, typer.Option(help="People in the sample.")] = None,
    days: Annotated[int | None, typer.Option(help="Days of the study.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a core.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables; a run cut off goes on there.")] = None,
) -> None:
    """Which assumption matters? One number at a time, and plausible worlds all at once; the 185 held."""
    from privacysim import robustness as r
    from privacysim.study import Study

    names = [name.strip() for name in (factors or "").split(",") if name.strip()]
    inputs, found = r.prepare(Study(study), names, replicates=replicates, sample=sample, days=days)
    last = [arm for arm in inputs.arm_ids if arm != inputs.arm(inputs.plan.baseline).id]
    if not last:
        raise InputError("study", "a policy beside the baseline", study, "add one to policies")
    chosen = inputs.arm(policy or last[-1]).id
    how: dict[str, Any] = {"workers": workers, "folder": None if out is None else out / "parts"}
    what = f"{chosen}: {inputs.plan.primary}, ratio to {inputs.plan.baseline} (low curve)"
    if morris is not None or sobol is not None:
        _indices(r, inputs, found, chosen, what, morris, sobol, out, how)
        return
    table = r.tornado(inputs, found, chosen, **how)
    print(f"{what}; one number at a time\n")
    _print_tornado(table[table["curve"] == "low"])
    if out is not None:
        _csv(table, out / "tornado.csv")
    if points:
        _worlds(r, inputs, found, chosen, points, goal, out, how)


def _indices(
    r: Any, inputs: Any, found: Any, chosen: str, what: str, morris: int | None, sobol: int | None, out: Path | None,
    how: dict[str, Any],
) -> None:
    """Morris's and Sobol's tables, each with the source of what matters most."""
    wanted = (("morris", morris, r.morris, "mean size of a step's effect (mu*), how it depends on the others (sigma)"),
              ("sobol", sobol, r.sobol, "share of the variance: alone (s1), with interactions (st)"))  # fmt: skip
    for name, size, index, says in wanted:
        if size is None:
            continue
        table = index(inputs, found, chosen, size, **how)
        print(f"{what}; {name.title()}: {says}\n")
        shown = table.drop(columns="source").head(15)
        print(shown.to_string(index=False, float_format=lambda x: f"{x:.3g}"))
        for row in table.head(5).to_dict("records"):
            print(f"  {row['factor']}: {row['source']}")
        if out is not None:
            _csv(table, out / f"{name}.csv")


def _print_tornado(low: Any) -> None:
    shown = low.head(15)[["factor", "low", "value", "high", "unit", "ratio_at_low", "ratio", "ratio_at_high"]]
    print(shown.to_string(index=False, float_format=lambda x: f"{x:.3g}"))
    for row in low.head(5).to_dict("records"):
        print(f"  {row['factor']}: {row['source']}")
    for row in low[low["note"] != ""].to_dict("records"):
        print(f"  {row['factor']}: {row['note']}")


def _worlds(
    r: Any, inputs: Any, found: Any, chosen: str, points: int, goal: float | None, out: Path | None,
    how: dict[str, Any],
) -> None:
    """Plausible worlds: does the preferred policy stay first, and where is the goal missed?"""
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
    if out is not None:
        _csv(order, out / "ranking.csv")
        _csv(r.worlds_table(seen), out / "worlds.csv")
    for line in seen.failed:
        print(line)


def frontier(
    design: Annotated[str, typer.Argument(help="Name or file of a design space, such as reforms.")] = "reforms",
    variants: Annotated[int, typer.Option(help="Combinations to try.")] = 200,
    replicates: Annotated[int, typer.Option(help="Replicates of each try.")] = 2,
    confirm: Annotated[int, typer.Option(help="Fresh replicates for the front.")] = 10,
    budget: Annotated[float | None, typer.Option(help="Budget, instead of the design's.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a core.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables; a run cut off goes on there.")] = None,
) -> None:
    """What would be better? Reforms that no other combination of levers beats, measured again on fresh replicates."""
    from privacysim import robustness as r

    space = r.load_design(design)
    found = r.find_frontier(space, variants=variants, replicates=replicates, confirm=confirm, workers=workers,
                            folder=None if out is None else out / "parts")  # fmt: skip
    print(f"{space.title or space.id}: {len(found.variants)} variants of {space.policy} in {space.scenario}, "
          f"{space.days} days, start {space.start}; {int(found.variants['front'].sum())} on the front")  # fmt: skip
    print("\n".join(f"  {line}" for line in found.words()))
    limit = space.budget if budget is None else budget
    if limit is not None:
        best = found.best(limit)
        print(f"best within {limit:g} {space.cost_unit}: {best['variant']}")
    print("what each option does on average over the variants tried (shares of the policy as it stands):")
    print(found.effects().to_string(index=False, float_format=lambda x: f"{x:.3g}"))
    for row in found.worth.to_dict("records"):
        name = space.goals()[int(row["goal"])]
        print(f"steering, {name}: {100 * row['variance_explained']:.0f} % of the variance explained when left out; "
              f"95 % intervals held {100 * row['interval_held']:.0f} %")  # fmt: skip
    if out is not None:
        _csv(found.variants, out / "variants.csv")
        _csv(found.confirmed, out / "front.csv")
        _csv(found.effects(), out / "effects.csv")
    for line in found.failed:
        print(line)


def _csv(table: pd.DataFrame, path: Path) -> None:
    with whole_file(path) as part:
        table.to_csv(part, index=False, float_format="%.10g")

"""Commands `study sensitivity` and `study frontier`: how sure an answer is, and what would be better."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from privacysim.errors import InputError
from privacysim.files import whole_file


def sensitivity(
    study: Annotated[str, typer.Argument(help="Name or file of a study.")],
    policy: Annotated[str | None, typer.Option(help="The policy whose answer is examined; default: the last.")] = None,
    factors: Annotated[str | None, typer.Option(help="Facts or assumptions, by commas; default: all it reads.")] = None,
    points: Annotated[int, typer.Option(help="Plausible worlds, beside one number at a time; 0 leaves them out.")] = 0,
    goal: Annotated[float | None, typer.Option(help="Fails where the ratio to the baseline is above this.")] = None,
    replicates: Annotated[int, typer.Option(help="Replicates at each point.")] = 3,
    panel: Annotated[int | None, typer.Option(help="People in the panel.")] = None,
    days: Annotated[int | None, typer.Option(help="Days of the study.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a core.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables; a run cut off goes on there.")] = None,
) -> None:
    """Which assumption matters? One number at a time, and plausible worlds all at once; the 185 held."""
    from privacysim import robustness as r
    from privacysim.study import Study

    names = [name.strip() for name in (factors or "").split(",") if name.strip()]
    inputs, found = r.prepare(Study(study), names, replicates=replicates, panel=panel, days=days)
    last = [arm for arm in inputs.arm_ids if arm != inputs.arm(inputs.plan.baseline).id]
    if not last:
        raise InputError("study", "a policy beside the baseline", study, "add one to policies")
    chosen = policy or last[-1]
    folder = None if out is None else out / "parts"
    table = r.tornado(inputs, found, chosen, workers=workers, folder=folder)
    low = table[table["curve"] == "low"]
    print(f"{chosen}: {inputs.plan.primary}, ratio to {inputs.plan.baseline} (low curve); one number at a time\n")
    shown = low.head(15)[["factor", "low", "value", "high", "unit", "ratio_at_low", "ratio", "ratio_at_high"]]
    print(shown.to_string(index=False, float_format=lambda x: f"{x:.3g}"))
    for row in low.head(5).to_dict("records"):
        print(f"  {row['factor']}: {row['source']}")
    for row in low[low["note"] != ""].to_dict("records"):
        print(f"  {row['factor']}: {row['note']}")
    if out is not None:
        _csv(table, out / "tornado.csv")
    if points:
        found_worlds = r.worlds(inputs, found, points, workers=workers, folder=folder)
        order = r.ranking(found_worlds)
        print(f"\n{r.ranking_words(order)}")
        if goal is not None:
            answers = found_worlds.answers(inputs.arm(chosen).id)
            known = answers == answers
            fails = answers[known] > goal
            for box in r.find_boxes(found, found_worlds.values[known], fails):
                print(f"{chosen} {box.words(found, f'misses its goal of {goal:g}')}")
        if out is not None:
            _csv(order, out / "ranking.csv")
        for line in found_worlds.failed:
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
    for row in found.worth.to_dict("records"):
        name = space.goals()[int(row["goal"])]
        print(f"steering, {name}: {100 * row['variance_explained']:.0f} % of the variance explained when left out; "
              f"95 % intervals held {100 * row['interval_held']:.0f} %")  # fmt: skip
    if out is not None:
        _csv(found.variants, out / "variants.csv")
        _csv(found.confirmed, out / "front.csv")
    for line in found.failed:
        print(line)


def _csv(table: object, path: Path) -> None:
    with whole_file(path) as part:
        table.to_csv(part, index=False, float_format="%.10g")  # type: ignore[attr-defined]

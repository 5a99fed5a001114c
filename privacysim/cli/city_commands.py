"""The command `city`: fetch a place, and show or draw the content of a map."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from privacysim.cli.options import ScenarioName, group
from privacysim.errors import InputError
from privacysim.files import whole_file

city_app = group("Your own city, from OpenStreetMap.")


@city_app.command("fetch")
def city_fetch(place: Annotated[str, typer.Argument(help='Name of a place, such as "Kallio, Helsinki".')],
               out: Annotated[Path, typer.Option("--out", "-o", help="The .osm file to write.")]) -> None:
    """Download the OpenStreetMap extract of a named place to a file, for `[city] osm = "…"` of a scenario."""
    from privacysim.readers.osm_fetch import fetch_city

    found = fetch_city(place, out)
    print(f"{out}: {found['points']} points, {found['ways']} ways. © OpenStreetMap contributors, ODbL.")
    print(f'In a scenario: [city] kind = "osm", osm = "{out}"; then privacysim city show SCENARIO')


@city_app.command("example")
def city_example(folder: Annotated[Path, typer.Argument(help="Folder to write into.")]) -> None:
    """Write a small generated town, a walk and a scenario, to try these commands offline."""
    from privacysim.city.example_town import write_example

    files = write_example(folder)
    print(f"{folder}: a generated town, no real place. Try:")
    print(f"  privacysim city show {files['scenario']}\n"
          f"  privacysim city map {files['scenario']} -o {folder / 'map.png'}\n"
          f"  privacysim dosimeter --gpx {files['walk']} --cameras {files['town']} --streets {files['town']}\n"
          f"  privacysim run --scenario {files['scenario']} --policies notice_only,order_799 --baseline notice_only "
          f"--days 7 --sample 3000 --replicates 3 --out {folder / 'results'}")


@city_app.command("show")
def city_show(scenario: ScenarioName) -> None:
    """Show a scenario's city: streets, places, buildings, cameras, and what the map omits about them."""
    from privacysim.city import build_city
    from privacysim.scenario import load_scenario
    from privacysim.vocabulary import CATEGORIES

    facts = load_scenario(scenario)
    city = build_city(facts)
    kilometres = np.bincount(city.edge_kind, np.asarray(city.edge_mm) / 1e6, minlength=3)
    print(f"{facts.title}: {city.people} people")
    print(f"streets    {city.edge_mm.sum() / 1e6:.1f} km on foot between {city.node_x.size} nodes "
          f"(main roads {kilometres[0]:.1f}, streets {kilometres[1]:.1f}, lanes and paths {kilometres[2]:.1f})")
    if city.note:
        print(f"           {city.note}")
    counts = Counter(CATEGORIES[code] for code in city.place_category)
    print("places     " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.most_common(12)))
    buildings = 0 if city.building_start is None else city.building_start.size - 1
    print(f"buildings  {buildings}" + ("" if buildings else ": nothing hides anybody"))
    print("\n".join(_camera_lines(city, facts)))


def _camera_lines(city: Any, facts: Any) -> list[str]:
    from privacysim.world.placed import NO_CAMERA, placed_cameras

    placed = placed_cameras(city, facts.cameras.file)
    if placed is None:
        count = round(facts.cameras.per_1000.number * facts.population.people.number / 1000.0)
        return [f"cameras    {count}, drawn in each replicate"]
    if not len(placed):
        return [f"cameras    {NO_CAMERA}"]
    fixed = ~placed.turns
    unknown = {"heading": np.isnan(placed.heading_deg) & fixed, "lens": np.isnan(placed.hfov_deg) & fixed,
               "height": np.isnan(placed.mount_m), "operator": placed.operator < 0}
    said = ", ".join(f"{int(flags.sum())} without {name}" for name, flags in unknown.items())
    lines = [f"{len(placed)} on the map: {int(placed.turns.sum())} see all round, {said}"]
    if placed.left_out:
        lines.append(f"{placed.left_out} more lie beyond the city or its connected streets and were left out")
    lines += [f"not used, {reject}" for reject in placed.rejects[:5]]
    if len(placed.rejects) > 5:
        lines.append(f"… and {len(placed.rejects) - 5} more that could not be used")
    return [f"{'' if n else 'cameras':<11}{line}" for n, line in enumerate(lines)]


@city_app.command("map")
def city_map(scenario: ScenarioName,
             out: Annotated[Path, typer.Option("--out", "-o", help="Figure to write: .svg, .png or .pdf.")],
             seed: Annotated[int, typer.Option(help="Seed of the sampled cameras and people.")] = 185) -> None:
    """Draw the streets, buildings and cameras of a scenario, and how much the cameras could show on each street."""
    from matplotlib import pyplot as plt

    from privacysim.figures import scenario_map
    from privacysim.figures.style import bounded
    from privacysim.scenario import load_scenario
    from privacysim.simulation.exposure_map import exposure_map

    if out.suffix not in (".svg", ".png", ".pdf"):
        raise InputError("--out", "a name that ends in .svg, .png or .pdf", out.name, "name it map.svg")
    made = exposure_map(load_scenario(scenario), seed)
    figure = scenario_map(made.streets, made.buildings, made.cameras, values=made.person_hours(), credit=made.credit,
                          ground=made.ground)
    with whole_file(out) as part:
        bounded(figure).savefig(part, format=out.suffix[1:], dpi=200, bbox_inches="tight", pad_inches=0.05)
    plt.close(figure)
    hours = ", ".join(f"{name} {value:.0f}" for name, value in made.person_hours().items())
    print(f"{out}: {made.note}; identifiable person-hours a day: {hours}")

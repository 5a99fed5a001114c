"""Run what takes minutes and keep its numbers for the notebooks that show it: python notebooks/saved/save.py [NAME …].

Without a name: the headline, the committee's study, the worlds of `how_sure`, the frontier `reforms`, and then `forms`:
the filled impact assessments of the site (docs/examples) and the figure of README and site, from the headline as kept.

Only what is needed to read and compare is kept: of a study manifest, metrics, summary and worlds, of the headline also
its rules, scenario and facts, of the frontier its tables and the command that makes them (`command.txt`). The inputs are
those of the repository, which the run id in a manifest names; a test asks whether they still are.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import privacysim as ps
from privacysim.cli.main import main
from privacysim.figures import svg_text
from privacysim.report import write_assessment

HERE = Path(__file__).resolve().parent
STUDIES = ("headline", "committee", "how_sure")
OF_WORLDS = ("worlds.parquet", "world_facts.parquet")
KEPT = ("manifest.json", "metrics.parquet", "summary.csv", *OF_WORLDS)
INPUTS = {"headline": ("inputs/sim", "inputs/data/facts.csv")}
"""What a memo or an assessment reads besides, by study."""
FORMS = ("uk_dpia", "gdpr35", "pipl56", "sf19b")
FIGURE = HERE.parents[1] / "docs" / "static" / "headline.svg"
EXAMPLES = HERE.parents[1] / "docs" / "examples"
COMMANDS = {"reforms": ["study", "frontier", "reforms", "--variants", "1000"]}


def keep_study(name: str, scratch: Path) -> None:
    """Manifest, metrics and summary of a study, and of some the inputs that reports read."""
    ps.Study(name).run(out=scratch)
    shutil.rmtree(HERE / name / "inputs", ignore_errors=True)
    for file in (*KEPT, *INPUTS.get(name, ())):
        if file in OF_WORLDS and not (scratch / file).exists():
            continue
        (HERE / name / file).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (scratch / file).is_dir() else shutil.copyfile)(scratch / file, HERE / name / file)


def keep_forms() -> None:
    """The four shipped forms, filled for Order 799 against the order of 2007, and the figure of the headline."""
    for form in FORMS:
        print(write_assessment(HERE / "headline", EXAMPLES / f"{form}.html", form, policy="order_799"))
    figure = ps.load_results(HERE / "headline").compare().plot().get_figure(root=True)
    assert figure is not None
    FIGURE.write_text(svg_text(figure), encoding="utf-8")


def keep_tables(name: str, scratch: Path) -> None:
    """The tables of a command, and the command."""
    if main([*COMMANDS[name], "--out", str(scratch)]):
        raise SystemExit(f"{name} failed")
    for path in sorted(scratch.glob("*.csv")):
        shutil.copyfile(path, HERE / name / path.name)
    (HERE / name / "command.txt").write_text(f"privacysim {' '.join(COMMANDS[name])}\n", encoding="utf-8")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or (*STUDIES, *COMMANDS, "forms"):
        if wanted == "forms":
            keep_forms()
            continue
        with tempfile.TemporaryDirectory() as folder:
            (HERE / wanted).mkdir(exist_ok=True)
            (keep_tables if wanted in COMMANDS else keep_study)(wanted, Path(folder) / wanted)
        print(f"kept: {', '.join(sorted(path.name for path in (HERE / wanted).iterdir()))} in {HERE.name}/{wanted}")

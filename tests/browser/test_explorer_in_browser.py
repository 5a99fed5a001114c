"""JupyterLab and Voilà as a reader uses them: run all, move a slider by keyboard, read the number, save the policy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from privacysim.explorer.notebook_files import as_notebook
from privacysim.policy import load_policy

ROOT = Path(__file__).resolve().parents[2]
DAY = 86_400.0
SHOTS = os.environ.get("PRIVACYSIM_SCREENSHOTS")
_KERNEL = "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
_OUTPUTS = """() => jupyterapp.shell.currentWidget.content.widgets.filter(c => c.model.type === 'code').map(c => ({
  count: c.model.executionCount, outputs: c.model.outputs.toJSON().map(o => ({type: o.output_type,
  text: o.text ? [].concat(o.text).join('') : (o.evalue || '')}))}))"""


@pytest.fixture(scope="module")
def lab(serve, tmp_path_factory):
    """`python3 run.py lab` on a copy of the notebooks, so that nothing is saved into the repository."""
    work = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", work / "notebooks")
    command = [
        sys.executable, str(ROOT / "run.py"), "lab", "--no-browser", "--port={port}", "--ip=127.0.0.1",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--expose-app-in-browser", "--allow-root",
        f"--notebook-dir={work / 'notebooks'}",
    ]  # fmt: skip
    base, _ = serve(command, "/api/status", work)
    return base, work / "notebooks"


def opened(browser, base, name):
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{base}/lab/tree/{name}?reset", timeout=120_000)
    page.wait_for_function(_KERNEL, timeout=120_000)
    return page


def run_all(page, seconds=240):
    """Run every cell; the outputs of the code cells, once each of them has run."""
    page.evaluate("() => { window.psDone = false; jupyterapp.commands.execute('notebook:run-all-cells')"
                  ".then(() => { window.psDone = true; }); }")  # fmt: skip
    page.wait_for_function("window.psDone", timeout=seconds * 1000)
    page.wait_for_function(_KERNEL, timeout=seconds * 1000)
    return page.evaluate(_OUTPUTS)


def assert_ran(cells):
    assert cells
    assert all(cell["count"] for cell in cells), "a cell did not run"
    assert [out["text"] for cell in cells for out in cell["outputs"] if out["type"] == "error"] == []


def shot(page, name):
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


def names():
    """Two notebooks of the course, of which every cell runs without a browser too."""
    return ["01_first_run.ipynb", *sorted(path.name for path in (ROOT / "notebooks").glob("08_*.ipynb"))]


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_a_notebook_of_the_course_runs_from_top_to_bottom_without_an_error(lab, browser, name):
    page = opened(browser, lab[0], name)
    assert_ran(run_all(page))
    shot(page, name.removesuffix(".ipynb"))
    page.close()


def test_the_index_runs_from_top_to_bottom_and_leads_to_every_notebook(lab, browser):
    page = opened(browser, lab[0], "00_index.ipynb")
    assert_ran(run_all(page))
    there = {path.relative_to(lab[1]).as_posix() for path in lab[1].rglob("*.ipynb")}
    links = page.locator(".jp-OutputArea-output a").all_text_contents()
    assert {name for name in there if not name.startswith("00_index") and "checkpoint" not in name} == set(links)
    page.close()


def number(page, metric="people_identified_by_outsiders"):
    """The explored value as the reader sees it, by its low curve."""
    cell = page.locator(f'tr[data-metric="{metric}"] td').nth(2)
    return float(cell.inner_text().partition("–")[0].replace(",", ""))


def cut_text(page):
    """Texts of the page that need more room than they have, or lie beyond its right edge."""
    return page.evaluate("""() => [...document.querySelectorAll('td, th, p, h3, option, label')].filter(one =>
        one.clientWidth > 0 && (one.scrollWidth > one.clientWidth + 1 ||
        one.getBoundingClientRect().right > innerWidth)).map(one => one.textContent)""")


def lever(page, label, words, steps):
    """Move the lever with this label by keyboard: an option by typing how it begins, a slider by arrows."""
    slider = page.locator(".widget-hslider", has=page.get_by_text(label, exact=True)).locator(".noUi-handle")
    if not slider.count():
        page.get_by_label(label).focus()
        page.keyboard.type(words)
        return
    slider.focus()
    for _ in range(steps):
        page.keyboard.press("ArrowRight")


def drive(page, folder, *, name, shot_name):
    """The explorer by keyboard: three levers, the changed numbers, the saved policy."""
    page.locator('tr[data-metric="people_identified_by_outsiders"]').first.wait_for(timeout=120_000)
    before = number(page)
    page.locator(".ps-explorer h3", has_text=re.compile("Notice only|Guangzhou rules of 2007")).first.wait_for()
    lever(page, "Mask at source", "box", 6)
    page.locator("h3", has_text="mask at the source: box").wait_for(timeout=60_000)
    # the policy's words stand there a moment before its numbers
    until = time.monotonic() + 30
    while number(page) >= before / 5 and time.monotonic() < until:
        page.wait_for_timeout(100)
    assert number(page) < before / 5
    lever(page, "Footage kept", "7", 5)
    page.locator("h3", has_text="footage kept 7 d").wait_for(timeout=60_000)
    lever(page, "Duties apply to", "sh", 3)
    page.locator("h3", has_text="security: shops").wait_for(timeout=60_000)
    shot(page, shot_name)

    page.get_by_placeholder("my_rules").focus()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the button has the focus
    page.get_by_text(f"{name}.toml").first.wait_for(timeout=30_000)
    policy = load_policy(str(folder / f"{name}.toml"))
    assert policy.mask.kind == "box"
    assert policy.retention.public_other.keep == 7 * DAY
    assert "public_other" in policy.logs.regime
    check = subprocess.run([sys.executable, "-m", "privacysim", "policy", "check", str(folder / f"{name}.toml")],
                           capture_output=True, text=True, check=False)  # fmt: skip
    assert check.returncode == 0, check.stderr


@pytest.fixture(scope="module")
def by_hand(lab, browser):
    """A notebook of two cells, run: a call with an error, and the explorer."""
    path = lab[1] / "by_hand.ipynb"
    path.write_text(as_notebook([
        ("code", 'import privacysim as ps\nps.Study("headlin")', ["raises-exception"]),
        ("code", 'ps.explore("headline", replicates=2)', ()),
    ]))  # fmt: skip
    page = opened(browser, lab[0], path.name)
    yield page, run_all(page)
    page.close()
    path.unlink()


def test_an_error_in_a_notebook_is_as_short_as_on_the_command_line(by_hand):
    shown = by_hand[0].locator(".jp-OutputArea-output").first.inner_text().strip().splitlines()
    assert len(shown) == 3
    assert shown[2].strip() == "Fix: write headline."


def test_the_explorer_in_jupyterlab_answers_the_keyboard_and_saves_a_valid_policy(by_hand, lab):
    page, cells = by_hand
    assert not [out for out in cells[1]["outputs"] if out["type"] == "error"]
    drive(page, lab[1] / "sim" / "policies", name="from_lab", shot_name="explorer_in_lab")


@pytest.fixture(scope="module")
def explorer(serve, tmp_path_factory):
    """`study explore` in a folder of its own: the address with its token, and the log."""
    work = tmp_path_factory.mktemp("page")
    command = [sys.executable, "-m", "privacysim", "study", "explore", "headline", "--port", "{port}", "--no-browser"]
    _, log = serve(command, "/", work)
    return re.search(r"http://\S+", log.read_text()).group(), log, work


def test_the_explorer_as_a_web_page_answers_the_keyboard_and_saves_a_valid_policy(explorer, browser):
    link, log, work = explorer
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(link, timeout=240_000)
    drive(page, work / "sim" / "policies", name="from_page", shot_name="explorer_as_page")
    assert cut_text(page) == []
    assert "retention=7+d" in page.url, "the address holds the levers"
    page.close()
    assert not re.search(r"Traceback", log.read_text())


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_levers_and_verdict_are_in_view_together_and_nothing_is_cut(explorer, browser, size):
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    refused = []
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    page.goto(explorer[0], timeout=240_000)
    page.locator(".verdict").wait_for(timeout=120_000)
    shot(page, f"explorer_{size[0]}")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for name in (".verdict", "#base", "#retention", "#mask", "#approver", "#duties", "#ban"):
        box = page.locator(name).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= size[1], name
    page.mouse.wheel(0, 500)
    page.wait_for_timeout(200)
    assert page.locator("#retention").bounding_box()["y"] >= 0, "levers stay in view while the results scroll"
    assert cut_text(page) == []
    assert refused == [], "the page asks for nothing that its own rules forbid"
    page.close()

"""The site in a real browser, as wide as a screen and as a phone: links, boxes, pictures, types, search."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import pytest

ROOT = Path(__file__).resolve().parents[2]
SIZES = ((1280, 900), (390, 844))
LOOK = """() => {
  const box = one => one.getBoundingClientRect();
  const said = one => one.tagName + ': ' + (one.innerText || one.className).slice(0, 50);
  const across = one => getComputedStyle(one).overflowX;
  const scrolls = one => one && !one.matches('article, main, .report')  // the page itself must not scroll sideways
    && (['auto', 'scroll'].includes(across(one)) || scrolls(one.parentElement));
  const inside = [...document.querySelectorAll('article *, .report *, main *')].filter(one => one.checkVisibility());
  const blocks = inside.filter(one => one.matches('p, li, dt, h1, h2, h3, h4, table, pre, img')
                                      && !one.querySelector('p, li, dt, h1, h2, h3, h4, table, pre, img')
                                      && !one.parentElement.closest('table, pre'));
  const overlaps = [];
  for (let n = 1; n < blocks.length; n++) {
    const [a, b] = [box(blocks[n - 1]), box(blocks[n])];
    const shared = (low, high) => Math.min(a[high], b[high]) - Math.max(a[low], b[low]);
    if (shared('left', 'right') > 2 && shared('top', 'bottom') > 2)
      overlaps.push(said(blocks[n - 1]) + ' | ' + said(blocks[n]));
  }
  return {
    wider: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    outside: inside.filter(one => box(one).width && box(one).right > innerWidth + 1 && !scrolls(one)
                                  && !one.closest('svg, .headerlink')).map(said),
    cut: inside.filter(one => across(one) === 'hidden' && one.scrollWidth > one.clientWidth + 1).map(said),
    overlaps,
    missing: [...document.images].filter(one => one.complete && !one.naturalWidth).map(one => one.src),
    links: [...document.querySelectorAll('a[href]')].map(one => one.getAttribute('href')),
    ids: [...document.querySelectorAll('[id]')].map(one => one.id),
    untyped: [...document.querySelectorAll('dl.py.function > dt, dl.py.method > dt, dl.py.class > dt')].filter(dt =>
      [...dt.querySelectorAll('em.sig-param')].some(one => /^\\w/.test(one.innerText) && !one.innerText.includes(':'))
      || dt.parentElement.matches('.function, .method') && !dt.querySelector('.sig-return')).map(dt => dt.id),
  };
}"""
"""What one page holds, and what is wrong with it; `untyped` are signatures without all their types."""
WORDS = {
    "confidence interval": "guides/read_results", "install": "start", "sample": "reference/vocabulary",
    "retention": "guides/", "face": "q09_face_search", "own city": "guides/your_city",
    "DPIA": "guides/assessment",
}  # fmt: skip
"""Search words, and a page that must be among the first ten."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site: that of PRIVACYSIM_SITE, or else a new one."""
    if named := os.environ.get("PRIVACYSIM_SITE"):
        return Path(named).resolve()
    out = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(ROOT / "docs"), str(out)]
    subprocess.run(build, check=True)
    return out


@pytest.fixture(scope="module")
def seen(browser, site: Path) -> dict[tuple[str, int], dict]:
    """What each page holds at each width, by its path in the site."""
    found = {}
    for width, height in SIZES:
        view = browser.new_page(viewport={"width": width, "height": height})
        for path in sorted(site.rglob("*.html")):
            if "_static" not in path.parts:
                view.goto(path.as_uri(), wait_until="load")
                found[path.relative_to(site).as_posix(), width] = view.evaluate(LOOK)
        view.close()
    return found


@pytest.mark.slow
def test_no_page_is_wider_than_its_window_and_nothing_is_cut_or_overlaps(seen) -> None:
    assert len(seen) > 2 * 60
    faults = {at: {key: said[key] for key in ("wider", "outside", "cut", "overlaps", "missing") if said[key]}
              for at, said in seen.items()}  # fmt: skip
    assert {at: said for at, said in faults.items() if said} == {}


@pytest.mark.slow
def test_every_link_and_anchor_within_the_site_is_there(seen, site: Path) -> None:
    ids = {path: set(said["ids"]) for (path, width), said in seen.items() if width == SIZES[0][0]}
    broken = []
    for path in ids:
        for link in seen[path, SIZES[0][0]]["links"]:
            target, anchor = urldefrag(urljoin(f"http://site/{path}", link))
            if not target.startswith("http://site/"):
                continue
            target = unquote(target.removeprefix("http://site/"))
            there = (site / target).is_file() and (not anchor or target not in ids or unquote(anchor) in ids[target])
            broken += [] if there else [f"{path}: {link}"]
    assert not broken, broken[:60]


@pytest.mark.slow
def test_every_function_method_and_class_of_the_reference_shows_its_types(seen) -> None:
    api = {path: said for (path, width), said in seen.items() if width == SIZES[0][0] and "/api/" in path}
    assert len(api) > 20
    assert not (names := [name for said in api.values() for name in said["untyped"]]), names


@pytest.mark.slow
@pytest.mark.parametrize(("words", "page"), WORDS.items())
def test_the_search_finds_the_words_of_the_field(browser, site: Path, words: str, page: str) -> None:
    view = browser.new_page()
    view.goto(f"{(site / 'search.html').as_uri()}?q={words.replace(' ', '+')}", wait_until="load")
    view.wait_for_function("/found/.test(document.querySelector('#search-results .search-summary')?.innerText)")
    found = view.eval_on_selector_all("#search-results ul.search > li > a", "all => all.map(one => one.href)")
    view.close()
    assert any(re.search(rf"{re.escape(page)}[^/]*$", one.partition("?")[0]) for one in found[:10]), found[:10]

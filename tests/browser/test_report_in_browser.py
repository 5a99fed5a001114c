"""report.html in a real browser, on a screen, on a phone and in print: nothing overlaps or leaves it, no id is read."""

from __future__ import annotations

import re

import pytest

import privacysim as ps
from privacysim.metrics import METRICS
from privacysim.vocabulary import APPROVERS, DOCUMENTS, OPERATORS, REGIMES, REQUESTERS

_OVERLAPS = """() => {
  const shown = [...document.querySelectorAll('h1, h2, h3, p, li, figure, table, summary')]
    .filter(e => e.checkVisibility() && !e.querySelector('h1, h2, h3, p, li, figure, table, summary'));
  const boxes = shown.map(e => [e, e.getBoundingClientRect()]);
  const found = [];
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const [a, b] = [boxes[i][1], boxes[j][1]];
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 2 && down > 2) found.push([boxes[i][0], boxes[j][0]].map(e => e.innerText.slice(0, 40)).join(' | '));
  }
  return found;
}"""
_OUTSIDE = """() => [...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1);
}).map(e => e.tagName + ' ' + e.innerText.slice(0, 40))"""


@pytest.fixture(scope="module")
def path(toy_headline):
    return toy_headline / "report.html"


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
@pytest.mark.parametrize("opened", [False, True])
def test_no_box_overlaps_another_or_leaves_the_window(browser, path, width, height, opened):
    view = browser.new_page(viewport={"width": width, "height": height})
    view.goto(path.as_uri())
    if opened:
        view.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    assert view.evaluate(_OUTSIDE) == []
    assert view.evaluate(_OVERLAPS) == []
    view.close()


def test_the_first_screen_holds_the_question_and_the_verdict_and_details_are_folded(browser, path):
    view = browser.new_page(viewport={"width": 1280, "height": 800})
    view.goto(path.as_uri())
    assert view.locator(".lead").first.bounding_box()["y"] < 300
    assert view.locator("figure").first.bounding_box()["y"] < 500
    assert view.locator("#details details[open]").count() == 0
    assert not view.locator("#details table").first.is_visible()
    view.close()


def test_what_is_read_holds_no_id_no_raw_number_and_every_picture_has_a_text(browser, path):
    view = browser.new_page(viewport={"width": 1280, "height": 800})
    view.goto(path.as_uri())
    said = view.locator("body").inner_text()
    ids = {name for name in (*METRICS, *REQUESTERS, *REGIMES, *OPERATORS, *DOCUMENTS, *APPROVERS) if "_" in name}
    ids |= {str(arm["id"]) for arm in ps.load_results(path.parent).manifest["arms"] if "_" in str(arm["id"])}
    assert [one for one in sorted(ids) if one in said] == []
    assert re.findall(r"\b\w+_\w+\b", said) == []
    assert re.findall(r"\d\.\d{5,}|\de[+−-]\d", said) == []
    alts = view.eval_on_selector_all("img", "all => all.map(one => one.alt)")
    assert alts
    assert all(len(alt) > 40 for alt in alts)
    view.close()


def test_words_are_explained_where_they_are_read_and_once_more_at_the_end(browser, path):
    view = browser.new_page(viewport={"width": 1280, "height": 800})
    view.goto(path.as_uri())
    hover = view.locator("#answer abbr", has_text="outsiders").first.get_attribute("title")
    assert hover.startswith("anyone who watches and is neither staff on duty nor a state organ")
    assert hover in view.locator("#glossary").inner_text()
    view.close()


def test_the_diagram_of_a_rule_has_its_routes_in_the_order_who_paper_approver_camera_what_leaves(browser, path):
    view = browser.new_page(viewport={"width": 1280, "height": 800})
    view.goto(path.as_uri())
    view.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    rows = view.locator("#table-routes-notice_only tbody tr")
    steps = [rows.nth(n).locator("th, td").all_inner_texts() for n in range(rows.count())]
    assert ["notice of obtaining evidence", "head of the case's department", "any camera", "a copy"] in [
        one[1:] for one in steps]
    assert steps[-1] == ["everybody else", "–", "–", "other cameras",
                         "these rules are silent: only general law applies"]  # fmt: skip
    lefts = [box["x"] for box in (rows.first.locator("th, td").nth(n).bounding_box() for n in range(5))]
    assert lefts == sorted(lefts)
    view.close()

"""The memo: two pages that a committee can read, and an annex with every assumption. Written once, for every format.

Every number of the results is a cell of summary.csv and carries its place there (`Number.key`); tests follow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from privacysim.metrics import METRICS, headline
from privacysim.policy.policy_form import Policy
from privacysim.report.memo_figures import legality_picture, ratio_picture, tradeoff_picture
from privacysim.report.memo_parts import Block, Bullets, Heading, Memo, Paragraph, Table, Text
from privacysim.report.memo_source import Source, rule_assumptions, title, titles
from privacysim.report.memo_words import Words
from privacysim.report.number_format import Row, interval, number, short, there, with_interval
from privacysim.report.sentences import evidence_cost, sentences
from privacysim.units import DAY_S
from privacysim.vocabulary import CURVES, LEGALITIES

FIRST = 11
"""How many of the headline metrics the memo shows."""
EVIDENCE = "cases_with_admissible_evidence"
_ORDER = ("CALIBRATED", "assumption", "S", "D", "R", "measured")
_LETTER = {"CALIBRATED": "C", "assumption": "A", "measured": "M"}


def memo(source: Source, lang: str = "en") -> Memo:
    """The memo of results, in English ("en") or Chinese ("zh")."""
    words = Words(lang)
    names = titles(source, words)
    blocks: list[Block] = [
        *_question(source, words, names), *_answer(source, words, names), *_rules(source, words, names),
        *_results(source, words, names), *_exposed(source, words, names), *_sure(source, words, names),
        *_not_shown(source, words),
    ]  # fmt: skip
    study, manifest = source.results.manifest["study"], source.results.manifest
    sample = words("everybody") if study["sample"] == "all" else f"{study['sample']:,}"
    footer = words(
        "footer", study=study["id"], run=manifest["run_id"], seed=study["seed"], n=_replicates(source, words),
        sample=sample, law_date=study["law_date"], version=manifest["privacysim"],
    )
    headline = words.text(study["title"] or str(study["id"]))[0]
    annex = tuple(_annex(source, words))
    return Memo(lang, headline, words("not_advice"), tuple(blocks), footer, str(manifest["begun"]), annex)


def _replicates(source: Source, words: Words) -> str:
    return words("replicates", n=len(source.results.manifest["replicates"]))


def _question(source: Source, words: Words, names: dict[str, str]) -> Iterator[Block]:
    manifest = source.results.manifest
    yield Heading(2, words("question"), "question")
    yield Paragraph((words(
        "question_text", place=words.text(manifest["scenario"]["title"])[0], baseline=names[source.change.baseline],
        primary=words.title(source.change.primary), days=manifest["study"]["days"],
    ),))  # fmt: skip


def _answer(source: Source, words: Words, names: dict[str, str]) -> Iterator[Block]:
    yield Heading(2, words("answer"), "answer")
    yield Bullets((*sentences(source, words, names), *evidence_cost(source, words, names, EVIDENCE)))


def _rules(source: Source, words: Words, names: dict[str, str]) -> Iterator[Block]:
    yield Heading(2, words("rules"), "rules")
    rows: list[tuple[Text, ...]] = []
    seen: set[str] = set()
    for arm in source.results.arms:
        policy = source.policy(arm)
        if policy.id in seen:
            continue
        seen.add(policy.id)
        rows.append((
            (title(policy, words),), (words.text(policy.summary)[0],), (words(f"status_{policy.status}"),),
            (_retention(policy, words),), (_private(policy, words),),
        ))  # fmt: skip
    head = tuple(words(key) for key in ("rule", "says", "status", "retention", "private"))
    yield Table(words("rules_caption"), head, tuple(rows), name="rules")


def _retention(policy: Policy, words: Words) -> str:
    if not policy.footage or policy.retention is None:
        return words("no_footage")
    found = []
    for name in ("public", "public_other", "private"):
        rule = getattr(policy.retention, name) or policy.retention.any
        found.append("–" if rule is None else short(rule.keep / DAY_S))
    days = found[0] if len(set(found)) == 1 else " / ".join(found)
    return words("days", n=days)


def _private(policy: Policy, words: Words) -> str:
    """What the rules offer to somebody who asks for footage of herself."""
    if not policy.footage:
        return words("no_footage")
    routes = [one for one in policy.access if one.channel in ((), ("request",)) or "request" in one.channel]
    mine = [one for one in routes if "person_filmed" in one.requester or not one.requester]
    if not mine:
        return words("private_no")
    if any("copy" in one.acts or not one.acts for one in mine):
        return words("private_copy")
    return words("private_consent") if all("consent" in one.conditions for one in mine) else words("private_view")


def _results(source: Source, words: Words, names: dict[str, str]) -> Iterator[Block]:
    change, primary = source.change, source.change.primary
    base = names[change.baseline]
    yield Heading(2, words("results"), "results")
    head = tuple(words(key) for key in ("rule", "curve", "mean", "ratio", "difference", "chance"))
    rows = [
        _primary_row(row, words, names, change.baseline)
        for arm in source.results.arms
        for row in _rows(source.rows, primary, arm)
    ]
    caption = words(
        "primary_caption", primary=words.title(primary), unit=words.unit(primary), n=_replicates(source, words),
        direction=words.direction(primary), baseline=base,
    )
    yield Table(caption[:1].upper() + caption[1:], head, tuple(rows), numeric=(2, 3, 4, 5), name="headline")
    shown = [name for name in headline(FIRST) if name != primary and (source.rows["metric"] == name).any()]
    others = tuple(
        (
            (f"{words.title(name)} ({words.unit(name)})",),
            *(_cell(source.rows, name, arm) for arm in source.results.arms),
        )
        for name in shown
    )
    if others:
        head = (words("outcome"), *(names[arm] for arm in source.results.arms))
        numeric = tuple(range(1, len(head)))
        yield Table(words("other_caption", baseline=base), head, others, numeric=numeric, name="others")
    yield ratio_picture(source, words, names)
    if EVIDENCE in shown:
        yield tradeoff_picture(source, words, names, EVIDENCE)


def _rows(rows: pd.DataFrame, metric: str, arm: str) -> list[Row]:
    return list(rows[(rows["metric"] == metric) & (rows["policy"] == arm)].to_dict("records"))


def _primary_row(row: Row, words: Words, names: dict[str, str], baseline: str) -> tuple[Text, ...]:
    curve = words(row["curve"]) if row["curve"] in CURVES else ""
    first: tuple[Text, ...] = ((names[row["policy"]],), (curve,), with_interval(row, "mean", "ci"))
    if row["policy"] == baseline:
        return (*first, (words("baseline_mark"),), ("–",), ("–",))
    chance: Text = ("–",)
    if there(row, "chance_lower"):
        chance = (number(row, "chance_lower", share=True), *interval(row, "chance", share=True))
    return (*first, with_interval(row, "ratio", "ratio"), with_interval(row, "delta", "delta"), chance)


def _cell(rows: pd.DataFrame, metric: str, arm: str) -> Text:
    """The mean, or its band over the curves, with the ratio below."""
    found = [row for row in _rows(rows, metric, arm) if there(row, "mean")]
    if not found:
        return ("–",)
    share = METRICS[metric].unit == "share"
    means = [number(row, "mean", share=share) for row in found]
    text: list[str | object] = [means[0]]
    if len(means) > 1 and means[-1].text != means[0].text:
        text += ["–", means[-1]]
    ratios = [row for row in found if there(row, "ratio") and row["mean"] != 0]
    if ratios:
        text += [" (×", *with_interval(ratios[0], "ratio", "ratio"), ")"]
    return tuple(text)  # type: ignore[arg-type]


def _exposed(source: Source, words: Words, names: dict[str, str]) -> Iterator[Block]:
    yield Heading(2, words("exposed"), "exposed")
    yield Paragraph((words("exposed_none"),))
    kinds = [one for one in LEGALITIES if (source.rows["metric"] == f"people_identified[legality={one}]").any()]
    if kinds:
        rows = tuple(
            ((names[arm],), *(_cell(source.rows, f"people_identified[legality={one}]", arm) for one in kinds))
            for arm in source.results.arms
        )
        head = (words("rule"), *(words.word("legality", one) for one in kinds))
        yield Table(words("exposed_caption"), head, rows, numeric=tuple(range(1, len(head))), beside=True,
                    name="exposed")  # fmt: skip
        yield legality_picture(source, words, names)


def _sure(source: Source, words: Words, names: dict[str, str]) -> Iterator[Block]:
    yield Heading(2, words("sure"), "sure")
    items = [words("sure_interval", n=_replicates(source, words))]
    rows = source.rows[(source.rows["metric"] == source.change.primary)
                       & (source.rows["policy"] != source.change.baseline)]  # fmt: skip
    if set(source.rows["curve"]) >= set(CURVES):
        items.append(words("sure_curves"))
    groups: dict[str, list[str]] = {"sure_decided": [], "sure_undecided": [], "sure_identical": []}
    for arm, mine in rows.groupby("policy", sort=False):
        groups[_verdict(mine)].append(names[str(arm)])
    items += [words(key, policies=_list(found, words)) for key, found in groups.items() if found]
    contested = dict.fromkeys(arm.split(":")[0] for arm in source.results.arms if source.reading(arm))
    if contested:
        several = _list((title(source.policies[one], words) for one in contested), words)
        items.append(words("sure_readings", policies=several))
    if not source.results.band.empty:
        items.append(words("sure_mapped"))
    named = source.rows["metric"].isin([source.change.primary, *headline(FIRST)])
    shown = source.rows[named & source.rows["mean"].notna()]
    without = int((shown["ci_low"].isna() & (shown["mean"] != 0)).sum())
    if without:
        items.append(words("sure_without", count=without, all=len(shown)))
    solved = sum(entry.status == "CALIBRATED" for entry in source.register)
    if solved:
        items.append(words("sure_calibrated", count=solved))
    yield Bullets(tuple((item,) for item in items))


def _verdict(rows: pd.DataFrame) -> str:
    notes = rows["note"].astype(str)
    if notes.str.startswith("identical").all():
        return "sure_identical"
    clear = notes.str.startswith("0 in all") | (rows["p_holm"] < 0.05)
    return "sure_decided" if clear.all() else "sure_undecided"


def _list(names: Iterable[str], words: Words) -> str:
    return ("、" if words.lang == "zh" else ", ").join(names)


def _not_shown(source: Source, words: Words) -> Iterator[Block]:
    advice = words("not_advice")
    items = [words("not_1", not_advice_lower=advice[:1].lower() + advice[1:]), words("not_2"), words("not_3")]
    items.append(words(f"not_{source.change.start}"))
    if not source.results.manifest["scenario"]["calibrated"]:
        items.append(words("not_calibrated", scenario=source.results.manifest["scenario"]["id"]))
    yield Heading(2, words("not_shown"), "not_shown")
    yield Bullets(tuple((item,) for item in items))
    yield Paragraph((words("footer_files"),), quiet=True)


def _annex(source: Source, words: Words) -> Iterator[Block]:
    yield Heading(2, words("departs"), "departures")
    for policy in source.policies.values():
        if policy.departures:
            said = [words.text(line) for line in policy.departures]
            yield Heading(3, title(policy, words), f"departs-{policy.id}")
            yield Bullets(tuple((text,) for text, _ in said), tuple(foreign for _, foreign in said))
    yield Heading(2, words("register"), "register")
    yield Heading(3, words("register_rules"), "register_rules")
    assumed = [(names_of, line) for names_of, policy in source.policies.items() for line in rule_assumptions(policy)]
    foreign = "en" if words.lang == "zh" else ""
    yield Bullets(tuple((f"{name}, {line}",) for name, line in assumed), (foreign,) * len(assumed))
    rows = sorted(source.register, key=lambda entry: _ORDER.index(entry.status))
    head = tuple(words(key) for key in ("number", "value", "range", "status", "source"))
    yield Table(
        words("register_caption"), head,
        tuple(((row.name,), (f"{row.value:.6g}",), (f"{row.low:.4g} – {row.high:.4g}",),
               (_LETTER.get(row.status, row.status),), (row.source,)) for row in rows),
        small=True, name="register",
    )  # fmt: skip

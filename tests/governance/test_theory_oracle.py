"""Processes of the model alone, against the laws that mathematics gives them. Each test states its theorem."""

from __future__ import annotations

import math

import numpy as np
import pytest
import simpy
from scipy import stats

from privacysim.draws import child_id, marks, stream_key, uniform, uniforms
from privacysim.governance.desk import Desk, Hours
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.world.chances import lognormal, pick, poisson_quantile, roots


def _queue(asked, work, officers, priority=None):
    """Ticks at which each paper was asked for, came up and was done, through the model's own desk."""
    env = simpy.Environment()
    desk = Desk(env, officers, Hours())
    begun, ended = np.zeros(len(asked), int), np.zeros(len(asked), int)

    def paper(n):
        yield env.timeout(int(asked[n]))
        yield desk.ask(n, priority=0 if priority is None else int(priority[n]))
        begun[n] = env.now
        yield env.timeout(int(work[n]))
        ended[n] = env.now
        desk.release()

    for n in range(len(asked)):
        env.process(paper(n))
    env.run()
    return begun, ended


def _arrivals(key, count, load, officers=1):
    gaps = -np.log(uniform(key, np.arange(count))) * HOUR_TICKS / (load * officers)
    return np.rint(np.cumsum(gaps)).astype(int)


def _near(values, expected, batches=40, width=3.7):
    """The mean of a correlated sequence equals the theory within 3.7 standard errors of batch means."""
    means = values[: len(values) // batches * batches].reshape(batches, -1).mean(axis=1)
    error = means.std(ddof=1) / math.sqrt(batches)
    assert abs(values.mean() - expected) < width * error, (values.mean(), expected, error)
    assert error < 0.12 * expected, "too noisy to say anything"


WORK = {
    "deterministic": (lambda u: np.ones_like(u), 1.0),
    "uniform": (lambda u: 2.0 * u, 4.0 / 3.0),
    "lognormal": (lambda u: np.exp(0.8 * stats.norm.ppf(u) - 0.32), math.exp(0.64)),
}
"""Work of mean 1 hour: its quantile and its second moment."""


@pytest.mark.parametrize("law", WORK)
@pytest.mark.parametrize("load", [0.5, 0.75])
def test_one_officer_waits_as_pollaczek_and_khinchine_say(law, load):
    """M/G/1: mean wait W = λ E[S²] / (2 (1 − ρ)) (Pollaczek 1930, Khinchine 1932)."""
    quantile, second = WORK[law]
    key = stream_key(3, 0, f"M/G/1 {law}")
    asked = _arrivals(key, 24_000, load)
    work = np.maximum(np.rint(quantile(uniform(key, np.arange(24_000), 1)) * HOUR_TICKS), 1).astype(int)
    begun, _ = _queue(asked, work, 1)
    _near((begun - asked) / HOUR_TICKS, load * second / (2 * (1 - load)))


def test_two_classes_wait_as_cobham_says():
    """M/M/1 with non-preemptive priorities: W_k = W₀ / ((1 − σ_{k−1})(1 − σ_k)), W₀ = λE[S²]/2 (Cobham 1954)."""
    load, count = 0.7, 40_000
    key = stream_key(4, 0, "priorities")
    asked = _arrivals(key, count, load)
    work = np.maximum(np.rint(-np.log(uniform(key, np.arange(count), 1)) * HOUR_TICKS), 1).astype(int)
    urgent = uniform(key, np.arange(count), 2) < 0.4
    begun, _ = _queue(asked, work, 1, np.where(urgent, 0, 1))
    waits, first = (begun - asked) / HOUR_TICKS, 0.4 * load
    _near(waits[urgent], load / (1 - first))
    _near(waits[~urgent], load / ((1 - first) * (1 - load)))


def test_papers_on_the_desk_are_rate_times_stay():
    """Little 1961: L = λ W, on the path itself, exactly."""
    key = stream_key(5, 0, "Little")
    asked = _arrivals(key, 5_000, 0.8, 2)
    work = np.maximum(np.rint(-np.log(uniform(key, np.arange(5_000), 1)) * HOUR_TICKS), 1).astype(int)
    _, ended = _queue(asked, work, 2)
    times = np.concatenate([asked, ended])
    order = np.argsort(times, kind="stable")
    present = np.cumsum(np.where(order < 5_000, 1, -1))
    span = int(ended.max())
    mean_present = (present[:-1] * np.diff(times[order])).sum() / span
    rate, stay = 5_000 / span, (ended - asked).mean()
    assert mean_present == pytest.approx(rate * stay, rel=1e-12)
    assert present.min() >= 0


def test_no_officer_is_idle_while_a_paper_waits():
    """A desk is work-conserving: the busy time is the work, and somebody waits only when all are busy."""
    key = stream_key(6, 0, "busy")
    asked = _arrivals(key, 3_000, 0.9, 3)
    work = np.maximum(np.rint(-np.log(uniform(key, np.arange(3_000), 1)) * HOUR_TICKS), 1).astype(int)
    begun, ended = _queue(asked, work, 3)
    assert (ended - begun == work).all()
    for n in np.flatnonzero(begun > asked)[:400]:
        busy = ((begun <= begun[n] - 1) & (ended > begun[n] - 1)).sum()
        assert busy == 3


def test_thinned_roots_are_poisson_and_independent_of_those_left_out():
    """Thinning: events kept with probability p are Poisson(pλ), those left out Poisson((1−p)λ), and the two independent
    (Lewis and Shedler 1979)."""
    days, rate, keep = range(4_000), 9.0, 0.3
    ids, ticks = roots(7, 0, "thinning", rate, days)
    kept = uniform(stream_key(7, 0, "mark"), ids) < keep
    day = ticks // DAY_TICKS
    inside = np.bincount(day[kept], minlength=4_000)
    outside = np.bincount(day[~kept], minlength=4_000)
    for counts, mean in ((inside, keep * rate), (outside, (1 - keep) * rate)):
        assert abs(counts.mean() - mean) < 4 * math.sqrt(mean / 4_000)
        assert 0.9 < counts.var() / counts.mean() < 1.1
        expected = stats.poisson.pmf(np.arange(40), mean) * 4_000
        enough = expected > 8
        seen = np.bincount(counts, minlength=40)[:40]
        scaled = expected[enough] * seen[enough].sum() / expected[enough].sum()
        assert stats.chisquare(seen[enough], scaled).pvalue > 1e-3
    assert abs(np.corrcoef(inside, outside)[0, 1]) < 4 / math.sqrt(4_000)


def test_gaps_between_roots_are_exponential():
    """A Poisson process has independent Exp(λ) gaps."""
    _, ticks = roots(8, 0, "gaps", 40.0, range(400))
    gaps = np.diff(np.sort(ticks)) / DAY_TICKS
    assert stats.kstest(gaps, "expon", args=(0, 1 / 40.0)).pvalue > 1e-3
    assert abs(np.corrcoef(gaps[1:], gaps[:-1])[0, 1]) < 4 / math.sqrt(len(gaps))


def test_a_larger_rate_only_adds_children():
    """Children at the running sums of unit exponentials below R: Poisson(R) in number, and nested in R."""
    counts = {rate: [] for rate in (0.5, 1.5, 4.0)}
    for parent in range(4_000):
        total, n, below = 0.0, 0, dict.fromkeys(counts, 0)
        while total < 4.0:
            total -= math.log(marks(stream_key(9, 0, "children"), child_id(parent, "resale", n))[0])
            n += 1
            for rate in counts:
                below[rate] += total < rate
        for rate, found in below.items():
            counts[rate].append(found)
    for rate, found in counts.items():
        assert abs(np.mean(found) - rate) < 4 * math.sqrt(rate / 4_000)
        assert 0.9 < np.var(found) / rate < 1.1
    small, middle, large = (np.array(counts[rate]) for rate in (0.5, 1.5, 4.0))
    assert (small <= middle).all()
    assert (middle <= large).all()


def test_the_total_progeny_of_a_branching_process_is_borels():
    """Poisson(m) children each, m < 1: P(total = n) = e^{−mn}(mn)^{n−1}/n! (Borel 1942); mean 1/(1 − m)."""
    mean, sizes = 0.6, []
    key = stream_key(10, 0, "branching")
    for root in range(3_000):
        waiting, size = [root], 0
        while waiting:
            parent = waiting.pop()
            size += 1
            count = int(poisson_quantile(np.array([marks(key, parent)[0]]), mean)[0])
            waiting += [child_id(parent, "copy", n) for n in range(count)]
        sizes.append(size)
    total = np.array(sizes)
    assert abs(total.mean() - 1 / (1 - mean)) < 4 * math.sqrt(mean / (1 - mean) ** 3 / 3_000)
    n = np.arange(1, 9)
    borel = np.exp(-mean * n) * (mean * n) ** (n - 1) / np.array([math.factorial(k) for k in n])
    expected = np.append(borel, 1 - borel.sum()) * 3_000
    seen = np.append([(total == k).sum() for k in n], (total > 8).sum())
    assert stats.chisquare(seen, expected).pvalue > 1e-3


def test_the_stock_of_streams_is_poisson_whatever_the_law_of_their_stay():
    """M/G/∞: in equilibrium the number present is Poisson(λ E[S]), insensitive to the law of S (Mirasol 1963)."""
    rate, stay, days = 3.0, 6.0, 5_000
    ids, ticks = roots(11, 0, "stock", rate, range(days))
    u = uniform(stream_key(11, 0, "stay"), ids)
    for quantile in (lambda u: np.full_like(u, stay), lambda u: -stay * np.log(u),
                     lambda u: stay * np.exp(stats.norm.ppf(u) * 1.0 - 0.5)):  # fmt: skip
        begin = ticks / DAY_TICKS
        end = begin + quantile(u)
        at = np.arange(200.5, days, 40.0)
        stock = np.array([((begin <= t) & (end > t)).sum() for t in at])
        mean = rate * stay
        assert abs(stock.mean() - mean) < 4.5 * math.sqrt(mean / len(at))
        assert 0.6 < stock.var(ddof=1) / mean < 1.6


def test_a_renewal_of_inspections_seen_at_a_random_time_is_length_biased():
    """Inspection paradox: the cycle that holds a random time has mean E[X²]/E[X], the wait for its end half of it."""
    u = uniforms(stream_key(12, 0, "renewal"), np.arange(60_000), 2)
    gaps = lognormal(u[:, 0], 10.0, 40.0)
    ends = np.cumsum(gaps)
    at = (np.arange(4_000) + u[:4_000, 1]) * ends[-1] / 4_100
    which = np.searchsorted(ends, at)
    sigma = math.log(4.0) / 1.6448536269514722
    first, second = 10.0 * math.exp(sigma**2 / 2), 100.0 * math.exp(2 * sigma**2)
    wait = ends[which] - at
    assert wait.mean() == pytest.approx(second / (2 * first), rel=0.08)
    assert gaps[which].mean() == pytest.approx(second / first, rel=0.08)


def test_kinds_are_picked_in_their_shares():
    """Multinomial shares, whatever the scale of the weights."""
    shares = np.array([0.9, 0.04, 0.04, 0.02])
    for scale in (1.0, 250.0):
        found = np.bincount(pick(shares * scale, uniform(stream_key(13, 0, "kinds"), np.arange(20_000))), minlength=4)
        assert stats.chisquare(found, shares * 20_000).pvalue > 1e-3


def _anderson_darling(u):
    """A² of a sample against the uniform law on (0, 1), fully specified (Anderson and Darling 1954)."""
    u, n = np.sort(u), len(u)
    i = np.arange(1, n + 1)
    return -n - np.mean((2 * i - 1) * (np.log(u) + np.log1p(-u[::-1])))


AT_1_PERCENT = 3.857
"""Critical value of A² for a law without estimated parameters (Stephens 1974)."""


@pytest.mark.slow
@pytest.mark.parametrize("ids", ["counted", "spread", "hashed"])
def test_a_million_marks_pass_anderson_and_darling(ids):
    numbers = np.arange(1_000_000, dtype=np.int64)
    chosen = {"counted": numbers, "spread": numbers * 7_919 + 2**40, "hashed": (numbers * 2_654_435_761) % 2**53}[ids]
    u = uniforms(stream_key(14, 0, ids), chosen, 3)
    assert _anderson_darling(u[:, 0]) < AT_1_PERCENT
    assert _anderson_darling(u[:, 2]) < AT_1_PERCENT
    assert abs(np.corrcoef(u[:, 0], u[:, 1])[0, 1]) < 4e-3
    assert abs(np.corrcoef(u[1:, 0], u[:-1, 0])[0, 1]) < 4e-3


@pytest.mark.slow
def test_quantiles_of_every_law_lie_on_the_line_of_the_theory():
    """QQ: 99 quantiles of 400 000 draws against the law's own, each within 4 standard errors of a quantile."""
    u = uniforms(stream_key(15, 0, "QQ"), np.arange(400_000), 3)
    p = np.arange(1, 100) / 100
    sigma = math.log(28.0 / 5.0) / 1.6448536269514722
    laws = {
        "lognormal": (lognormal(u[:, 0], 5.0, 28.0), stats.lognorm(sigma, scale=5.0)),
        "exponential": (-np.log(u[:, 1]), stats.expon()),
        "uniform": (u[:, 2], stats.uniform()),
    }
    for drawn, law in laws.values():
        quantiles = law.ppf(p)
        error = np.sqrt(p * (1 - p) / len(drawn)) / law.pdf(quantiles)
        assert (np.abs(np.quantile(drawn, p) - quantiles) < 4 * error).all()
        assert _anderson_darling(law.cdf(drawn)) < AT_1_PERCENT
    counts = poisson_quantile(u[:, 0], 7.3)
    for k in range(25):
        share = stats.poisson.cdf(k, 7.3)
        if 400_000 * share * (1 - share) < 25:
            continue
        assert abs((counts <= k).mean() - share) < 4.5 * math.sqrt(share * (1 - share) / 400_000) + 1e-9

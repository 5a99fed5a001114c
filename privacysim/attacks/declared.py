"""Declarations of the measures for your own data frames, in the form of a study's metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from privacysim.attacks.flow import flow_sets
from privacysim.attacks.inequality import gini, lorenz, top_share
from privacysim.attacks.information import attack_advantage, entropy_bits, epsilon_spent, mutual_information
from privacysim.attacks.reidentification import reidentification_risk
from privacysim.attacks.released import released_table
from privacysim.attacks.sets import anonymity_sets, poisson_sets
from privacysim.attacks.tracking import guess_error_m, time_to_confusion
from privacysim.attacks.uniqueness import unicity


@dataclass(frozen=True, slots=True)
class Measure:
    """One public function: what it tells of the adversary (`output`, one of `OUTPUTS`) and what a sample can tell."""

    function: Callable[..., Any]
    title: str
    output: str
    attacker: str
    unit: str
    equation: str
    source: str
    sample: str

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.function.__name__


_KNOWS = "knows k of the target's visits"
_LOOKS = "sees one view and guesses among those in it"
MEASURES = (
    Measure(anonymity_sets, "anonymity sets", "uncertainty", _LOOKS, "people; bits", "A = 1 + others in view; log₂ A",
            "Pfitzmann and Köhntopp 2001", "census; its mean exact: 1 + (m−1)(N−1)/(n−1)"),
    Measure(poisson_sets, "anonymity sets from a flow", "uncertainty", _LOOKS, "people; bits",
            "E[1/A] = (1−e^−λ)/λ, P(alone) = e^−λ", "K ~ Poisson(λ)", "exact, given the flow"),
    Measure(flow_sets, "anonymity sets of cameras, from the flow field", "uncertainty", _LOOKS, "people; bits",
            "λ: homes × trip law added up down the route trees; then as `poisson_sets`", "K ~ Poisson(λ)",
            "exact but for the rates and hours of the trip law, which a sample gives"),
    Measure(entropy_bits, "entropy", "uncertainty", "holds a chance for each candidate", "bits", "−Σ p log₂ p",
            "Serjantov and Danezis 2002; Díaz et al. 2002", "census"),
    Measure(mutual_information, "mutual information", "information gain", "sees one sighting", "bits",
            "H(A) + H(B) − H(A, B), less Miller's bias", "Miller 1955", "census"),
    Measure(released_table, "k, l and t of a released table", "data similarity", "knows the quasi-identifiers",
            "people; values; distance", "smallest class; fewest values; largest earth mover's distance",
            "Sweeney 2002; Machanavajjhala et al. 2007; Li et al. 2007", "census"),
    Measure(epsilon_spent, "privacy budget spent", "indistinguishability", "sees k masked views", "ε",
            "min(kε, ε√(2k ln(1/δ)) + kε(e^ε−1))", "Dwork, Rothblum and Vadhan 2010", "exact"),
    Measure(unicity, "unicity", "success", _KNOWS + ", drawn at random", "share, in a population of n",
            "share of draws of k points that nobody else has", "de Montjoye et al. 2013", "census"),
    Measure(reidentification_risk, "background-knowledge risk", "success", _KNOWS, "probability",
            "1/M over every choice of k rows: mean, quantiles, maximum", "Pellungrini et al. 2017", "census"),
    Measure(attack_advantage, "advantage over a control", "success", "any attack, beside one that cannot know",
            "share", "(r − c)/(1 − c)", "Giomi et al. 2022", "exact"),
    Measure(guess_error_m, "the attacker's error", "error", "believes that she is at a place", "m",
            "mean distance between guess and truth", "Shokri et al. 2011", "exact"),
    Measure(guess_error_m, "hits within 100 m", "accuracy", "believes that she is at a place", "share",
            "share of guesses within 100 m of the truth", "Shokri et al. 2011", "exact"),
    Measure(time_to_confusion, "time to confusion", "time", "follows her clothes from camera to camera", "s",
            "time until more than 2^bits people could be her", "Hoh et al. 2007", "census"),
    Measure(gini, "Gini coefficient", "", "–", "share", "n/(n−1) · ΣΣ wᵢwⱼ|yᵢ−yⱼ| / (2W²ȳ)", "Gini 1912; Deltas 2003",
            "consistent"),
    Measure(lorenz, "Lorenz curve", "", "–", "shares", "share of the total borne by the least exposed", "Lorenz 1905",
            "consistent"),
    Measure(top_share, "share of the most exposed", "", "–", "share", "1 − L(0.9)", "Lorenz 1905", "consistent"),
)  # fmt: skip

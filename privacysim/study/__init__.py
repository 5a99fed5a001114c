"""A study: policies compared on the same city, people and chances, over replicates."""

from privacysim.study.comparison import Comparison
from privacysim.study.model import StudyFile, load_study_file
from privacysim.study.results import Results, load_results
from privacysim.study.study import Study
from privacysim.study.verify import verify

__all__ = ["Comparison", "Results", "Study", "StudyFile", "load_results", "load_study_file", "verify"]

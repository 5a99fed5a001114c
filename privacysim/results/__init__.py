"""Results of a study: read, compare, save and query them without running anything."""

from privacysim.results.comparison import Comparison
from privacysim.results.readable_tables import readable
from privacysim.results.results import Results, load_results

__all__ = ["Comparison", "Results", "load_results", "readable"]

"""Reports: the result of a study on one page that needs nothing else."""

from privacysim.report.html import page, start_in_words

__all__ = ["page", "start_in_words"]

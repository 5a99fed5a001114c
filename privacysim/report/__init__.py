"""Reports: the result of a study on one page that needs nothing else, and as a memo for a committee."""

from privacysim.report.results_page import page, start_in_words
from privacysim.report.writing import write_memo

__all__ = ["page", "start_in_words", "write_memo"]

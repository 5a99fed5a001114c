"""A study: policies compared on the same city, people and chances, over replicates."""

from privacysim.study.study import Study
from privacysim.study.verifying import Checked, verify

__all__ = ["Checked", "Study", "verify"]

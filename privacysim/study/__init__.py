"""A study: policies compared on the same city, people and chances, over replicates."""

from privacysim.study.study import Study, verify

__all__ = ["Study", "verify"]

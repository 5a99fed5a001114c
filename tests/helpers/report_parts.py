"""Parts of a report by name, for tests."""

from __future__ import annotations

from privacysim.report.report_model import Block, Picture, Report, Section, Table


def section(report: Report, name: str) -> Section:
    """The section with that name."""
    return next(one for one in (*report.sections, *report.annex) if one.name == name)


def blocks(report: Report) -> list[Block]:
    """The blocks of all sections, the annex last."""
    return [block for one in (*report.sections, *report.annex) for block in one.blocks]


def tables(report: Report) -> dict[str, Table]:
    """The tables by name."""
    return {block.name: block for block in blocks(report) if isinstance(block, Table)}


def pictures(report: Report) -> list[Picture]:
    """The figures in order."""
    return [block for block in blocks(report) if isinstance(block, Picture)]

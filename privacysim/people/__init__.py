"""Who walks through the city: the panel, and blocks of tours, visible walks and stays."""

from privacysim.people.block import Block, summary
from privacysim.people.sample import Panel, Residents, panel, residents
from privacysim.people.tours import commutes, draw_block

__all__ = ["Block", "Panel", "Residents", "commutes", "draw_block", "panel", "residents", "summary"]

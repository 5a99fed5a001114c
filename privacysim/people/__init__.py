"""Who walks through the city: the panel, and blocks of tours, visible walks and stays."""

from privacysim.people.block import Block
from privacysim.people.draw import commutes, draw_block
from privacysim.people.panel import Panel, panel
from privacysim.people.residents import Residents, residents
from privacysim.people.summary import summary

__all__ = ["Block", "Panel", "Residents", "commutes", "draw_block", "panel", "residents", "summary"]

"""Who walks through the city: the sample, and blocks of tours, visible walks and stays."""

from privacysim.people.block import Block, summary
from privacysim.people.sample import Residents, Sample, draw_sample, residents
from privacysim.people.tours import commutes, draw_block

__all__ = ["Block", "Residents", "Sample", "commutes", "draw_block", "draw_sample", "residents", "summary"]

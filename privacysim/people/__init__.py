"""People who move through the city: the sample, and blocks of tours, visible walks and stays."""

from privacysim.people.block import Block, summary
from privacysim.people.own_people import OwnPeople, Residents, everybody, residents
from privacysim.people.sample import Sample, draw_sample
from privacysim.people.tours import commutes, draw_block

__all__ = [
    "Block", "OwnPeople", "Residents", "Sample", "commutes", "draw_block", "draw_sample", "everybody", "residents",
    "summary",
]

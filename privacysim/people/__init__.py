"""People who move through the city: the sample, and blocks of tours, visible walks and stays."""

from privacysim.people.population import Population, Sample, draw_sample, everybody, residents
from privacysim.people.tours import Block, commutes, draw_block, made_on, summary, trips

__all__ = ["Block", "Population", "Sample", "commutes", "draw_block", "draw_sample", "everybody", "made_on",
           "residents", "summary", "trips"]

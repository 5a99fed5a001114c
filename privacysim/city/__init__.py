"""Streets, places and route trees: synthetic, or read from OpenStreetMap."""

from privacysim.city.build import build_city, city_digest
from privacysim.city.model import City

__all__ = ["City", "build_city", "city_digest"]

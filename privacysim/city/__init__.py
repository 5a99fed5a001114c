"""Streets, places and route trees: synthetic, or read from OpenStreetMap."""

from privacysim.city.build import build_city, city_digest
from privacysim.city.city_model import City

__all__ = ["City", "build_city", "city_digest"]

"""Cities: streets, places and route trees, synthetic, from OpenStreetMap, or supplied by the user."""

from privacysim.city.build import build_city, city_digest
from privacysim.city.city_model import City
from privacysim.city.sources import CitySource

__all__ = ["City", "CitySource", "build_city", "city_digest"]

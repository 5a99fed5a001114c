"""What OpenStreetMap's tags mean here: walkable streets, categories of places, headings of cameras."""

from __future__ import annotations

import math
from collections.abc import Mapping

MAIN, STREET, LANE = 0, 1, 2
"""Kinds of streets: the codes of `edge_kind`."""
_MAIN = {"trunk", "primary", "secondary"}
_STREET = {"tertiary", "unclassified", "residential", "living_street", "pedestrian", "road"}
_LANE = {"footway", "path", "service", "steps", "cycleway", "track", "corridor", "crossing", "platform"}

_AMENITY = {
    "restaurant": "restaurant", "cafe": "restaurant", "fast_food": "restaurant", "food_court": "restaurant",
    "ice_cream": "restaurant", "bar": "entertainment", "pub": "entertainment", "nightclub": "entertainment",
    "casino": "entertainment", "gambling": "entertainment", "stripclub": "adult_shop", "love_hotel": "hotel",
    "bank": "bank", "bureau_de_change": "bank", "clinic": "clinic", "doctors": "clinic", "dentist": "clinic",
    "pharmacy": "small_shop", "veterinary": "small_shop", "hospital": "hospital", "school": "school",
    "music_school": "school", "language_school": "school", "college": "university", "university": "university",
    "kindergarten": "kindergarten", "childcare": "kindergarten", "place_of_worship": "worship",
    "public_bath": "bath_massage", "theatre": "culture_sport", "cinema": "culture_sport",
    "arts_centre": "culture_sport", "library": "culture_sport",
    "marketplace": "market", "townhall": "government_hall", "post_office": "small_shop",
    "police": "police_court", "courthouse": "police_court", "bus_station": "transport_hub",
    "ferry_terminal": "transport_hub", "parking": "car_park", "parking_entrance": "car_park",
    "social_facility": "union_ngo", "community_centre": "culture_sport", "embassy": "office",
}
_SHOP = {"mall": "mall", "department_store": "mall", "supermarket": "market", "erotic": "adult_shop",
         "massage": "bath_massage"}
_OFFICE = {"government": "government_hall", "ngo": "union_ngo", "association": "union_ngo", "union": "union_ngo",
           "political_party": "union_ngo", "research": "research_lab"}
_LEISURE = {"park": "park", "garden": "park", "playground": "park", "sports_centre": "culture_sport",
            "fitness_centre": "culture_sport", "swimming_pool": "culture_sport", "stadium": "culture_sport",
            "sauna": "bath_massage"}
_TOURISM = {"hotel": "hotel", "hostel": "hotel", "guest_house": "hotel", "museum": "culture_sport",
            "gallery": "culture_sport"}
_RAILWAY = {"station": "transport_hub", "subway_entrance": "metro_station"}
_MOST_LEVELS = 200.0
"""No building has more: it would otherwise take all the people of the town."""
_COMPASS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")


def street_kind(tags: Mapping[str, str]) -> int | None:
    """Code of a walkable street, None for what one may not walk on.

    >>> street_kind({"highway": "footway"}), street_kind({"highway": "motorway"})
    (2, None)
    """
    highway = tags.get("highway", "").removesuffix("_link")
    on_foot = tags.get("foot", "")
    if on_foot == "no" or (tags.get("access") in ("no", "private") and on_foot not in ("yes", "designated")):
        return None
    for kind, names in ((MAIN, _MAIN), (STREET, _STREET), (LANE, _LANE)):
        if highway in names:
            return kind
    return None


def vehicles_only(tags: Mapping[str, str]) -> bool:
    """Whether a street is for vehicles and not for people on foot.

    >>> vehicles_only({"highway": "motorway"}), vehicles_only({"highway": "primary", "foot": "no"})
    (True, True)
    """
    highway = tags.get("highway", "").removesuffix("_link")
    return highway in _MAIN | _STREET | {"motorway", "busway", "bus_guideway", "raceway"} and street_kind(tags) is None


def is_building(tags: Mapping[str, str]) -> bool:
    """Whether it is a building, which hides what is behind it."""
    return tags.get("building", "no") != "no"


def category(tags: Mapping[str, str]) -> str | None:
    """Category of a place, None for what is no place of the model (a bench, a letter box).

    >>> category({"amenity": "cafe"}), category({"shop": "books"}), category({"amenity": "bench"})
    ('restaurant', 'small_shop', None)
    """
    if tags.get("military"):
        return "military_secret_organ"
    if "amenity" in tags:
        return _AMENITY.get(tags["amenity"])
    if tags.get("shop", "no") not in ("no", "vacant"):
        return _SHOP.get(tags["shop"], "small_shop")
    if "office" in tags:
        return _OFFICE.get(tags["office"], "office")
    for key, names in (("tourism", _TOURISM), ("leisure", _LEISURE), ("railway", _RAILWAY)):
        if tags.get(key) in names:
            return names[tags[key]]
    return None


def levels(tags: Mapping[str, str]) -> float:
    """Storeys of a building, 1 where nobody says or what is said cannot be."""
    try:
        said = float(tags.get("building:levels", "1"))
    except ValueError:
        return 1.0
    return said if 1.0 <= said <= _MOST_LEVELS else 1.0


def heading(tags: Mapping[str, str]) -> float | None:
    """Direction of view in degrees clockwise from north; None where nobody mapped it.

    >>> heading({"camera:direction": "SW"}), heading({"direction": "350"}), heading({})
    (225.0, 350.0, None)
    """
    text = tags.get("camera:direction", tags.get("direction", "")).strip().upper()
    if text in _COMPASS:
        return _COMPASS.index(text) * 22.5
    try:
        degrees = float(text)
    except ValueError:
        return None
    return degrees % 360.0 if math.isfinite(degrees) else None

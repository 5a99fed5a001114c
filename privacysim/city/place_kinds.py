"""What the law and the model say about each category of place, whatever the city.

Regimes are the classes of place of State Council Order 799 (2025): art. 7(1) roads and squares, 7(2) crowded venues, 9
other public places, 33 places that are not public, 8 places where no camera may be, 10 next to secret-holding organs.
Where the text gives a class and no list (art. 9), the category's class is an assumption.
"""

from __future__ import annotations

from typing import NamedTuple

from privacysim.vocabulary import CATEGORIES, REGIMES, SCENES, SECRETS, SENSITIVE


class Kind(NamedTuple):
    """Regime of a category's cameras, kind of secret inside, what an indoor camera sees."""

    regime: str
    secret: str
    scene: str


KINDS: dict[str, Kind] = {
    "road": Kind("public_state", "none", "street"),
    "housing_compound": Kind("public_other", "none", "semi_private"),
    "home": Kind("private_home", "none", "private_space"),
    "office": Kind("residential_common", "none", "semi_private"),
    "factory": Kind("residential_common", "none", "semi_private"),
    "research_lab": Kind("residential_common", "commercial", "semi_private"),
    "small_shop": Kind("public_other", "none", "public_interior"),
    "restaurant": Kind("public_other", "none", "public_interior"),
    "mall": Kind("public_venue", "none", "public_interior"),
    "market": Kind("public_venue", "none", "public_interior"),
    "hotel": Kind("public_other", "none", "semi_private"),  # a share is public_venue: the text leaves it open
    "bank": Kind("public_venue", "commercial", "public_interior"),
    "clinic": Kind("public_other", "none", "semi_private"),
    "hospital": Kind("public_venue", "none", "public_interior"),
    "school": Kind("public_venue", "none", "semi_private"),
    "university": Kind("public_venue", "none", "semi_private"),
    "kindergarten": Kind("public_venue", "none", "semi_private"),
    "worship": Kind("public_other", "none", "public_interior"),
    "adult_shop": Kind("public_other", "none", "public_interior"),
    "entertainment": Kind("public_venue", "none", "public_interior"),
    "bath_massage": Kind("prohibited_site", "none", "private_space"),  # its inside; the door is seen from the street
    "culture_sport": Kind("public_venue", "none", "public_interior"),
    "park": Kind("public_venue", "none", "public_interior"),
    "union_ngo": Kind("residential_common", "none", "semi_private"),
    "government_hall": Kind("public_venue", "none", "public_interior"),
    "police_court": Kind("public_venue", "none", "semi_private"),
    "military_secret_organ": Kind("secret_adjacent", "state", "semi_private"),
    "metro_station": Kind("public_venue", "none", "public_interior"),
    "transport_hub": Kind("public_venue", "none", "public_interior"),
    "car_park": Kind("public_venue", "none", "public_interior"),
}
CENTRAL = ("office", "bank", "mall", "hotel", "government_hall", "entertainment")
"""Categories that gather at the centre."""
CODE = {category: code for code, category in enumerate(CATEGORIES)}
REGIME_OF = [REGIMES.index(KINDS[category].regime) for category in CATEGORIES]
SECRET_OF = [SECRETS.index(KINDS[category].secret) for category in CATEGORIES]
SCENE_OF = [SCENES.index(KINDS[category].scene) for category in CATEGORIES]
SENSITIVE_OF = [category in SENSITIVE for category in CATEGORIES]

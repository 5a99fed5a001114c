"""Scenario sections about the city and its people (owner of the numbers: `data/facts.csv`)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from privacysim.facts import facts
from privacysim.files import Quantity, Strict
from privacysim.vocabulary import CATEGORIES


def _refuse_below(section: Strict, positive: tuple[str, ...] = (), shares: tuple[str, ...] = ()) -> None:
    """No number of a section below 0, none of `positive` 0, none of `shares` above 1."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        if not isinstance(value, Quantity):
            continue
        if value.number < 0 or (name in positive and value.number == 0):
            raise ValueError(f"{name} {'above' if name in positive else 'of at least'} 0, not {value.number:g}")
        if name in shares and value.number > 1:
            raise ValueError(f"{name} of at most 1 (a share), not {value.number:g}")


class ByCategory(Strict):
    """One number per category of place; what a file leaves out is the fact `{prefix}_{category}`, else 0."""

    prefix: ClassVar[str] = ""

    office: Quantity
    factory: Quantity
    research_lab: Quantity
    small_shop: Quantity
    restaurant: Quantity
    mall: Quantity
    market: Quantity
    hotel: Quantity
    bank: Quantity
    clinic: Quantity
    hospital: Quantity
    school: Quantity
    university: Quantity
    kindergarten: Quantity
    worship: Quantity
    adult_shop: Quantity
    entertainment: Quantity
    bath_massage: Quantity
    culture_sport: Quantity
    park: Quantity
    union_ngo: Quantity
    government_hall: Quantity
    police_court: Quantity
    military_secret_organ: Quantity
    metro_station: Quantity
    transport_hub: Quantity
    car_park: Quantity
    home: Quantity

    @model_validator(mode="before")
    @classmethod
    def _from_facts(cls, raw: Any) -> Any:
        if not isinstance(raw, dict):
            return raw
        none = {"value": 0.0, "assumption": "no such attraction"}
        known = {name: f"{cls.prefix}_{name}" for name in cls.model_fields}
        made = {name: {"fact": fact} if fact in facts() else none for name, fact in known.items()}
        return {**made, **raw}

    @model_validator(mode="after")
    def _sound(self) -> ByCategory:
        _refuse_below(self)
        return self

    def number(self, category: str) -> float:
        """The number of one category; 0 for `road` and `housing_compound`, which follow the streets and the people."""
        assert category in CATEGORIES, category
        return getattr(self, category).number if category in type(self).model_fields else 0.0


class PlacesPer1000(ByCategory):
    """Places per 1 000 people."""

    prefix = "places_per_1000"


class PlaceJobs(ByCategory):
    """Mean jobs at a place; only their ratios matter."""

    prefix = "place_jobs"


class PlaceVisits(ByCategory):
    """Relative attraction of a place for visits."""

    prefix = "place_visits"


class CitySection(Strict):
    """Where: a synthetic city, or an OpenStreetMap extract (`osm = "path.osm.pbf"`)."""

    kind: Literal["synthetic", "osm"] = "synthetic"
    osm: str | None = None
    seed: int = 1
    area_km2: Quantity = Quantity(fact="built_up_km2")
    street_nodes_per_km2: Quantity = Quantity(fact="street_nodes_per_km2")
    attraction_nodes_max: Quantity = Quantity(fact="attraction_nodes_max")
    attraction_node_share: Quantity = Quantity(fact="attraction_node_share")
    attraction_node_pull: Quantity = Quantity(fact="attraction_node_pull")
    lane_missing_share: Quantity = Quantity(fact="lane_missing_share")
    street_missing_share: Quantity = Quantity(fact="street_missing_share")
    node_perturbation: Quantity = Quantity(fact="node_perturbation")
    centre_spacing_share: Quantity = Quantity(fact="centre_spacing_share")
    population_gradient_per_km: Quantity = Quantity(fact="population_gradient_per_km")
    office_gradient_per_km: Quantity = Quantity(fact="office_gradient_per_km")
    home_size_sigma: Quantity = Quantity(fact="home_size_sigma")
    place_size_sigma: Quantity = Quantity(fact="place_size_sigma")
    main_road_homes: Quantity = Quantity(fact="main_road_homes")
    entrance_setback_m: Quantity = Quantity(fact="entrance_setback_m")
    entrance_reach_m: Quantity = Quantity(fact="entrance_reach_m")
    secret_share_office: Quantity = Quantity(fact="secret_share_office")
    secret_share_factory: Quantity = Quantity(fact="secret_share_factory")
    hotel_art7_share: Quantity = Quantity(fact="hotel_art7_share")
    stop_distance_low_m: Quantity = Quantity(fact="stop_distance_low_m")
    stop_distance_high_m: Quantity = Quantity(fact="stop_distance_high_m")
    places_per_1000: PlacesPer1000 = PlacesPer1000.model_validate({})
    place_jobs: PlaceJobs = PlaceJobs.model_validate({})
    place_visits: PlaceVisits = PlaceVisits.model_validate({})

    @model_validator(mode="after")
    def _one_source(self) -> CitySection:
        if (self.kind == "osm") != (self.osm is not None):
            raise ValueError('osm = "path.osm.pbf" with kind = "osm", and neither without the other')
        _refuse_below(
            self, positive=("area_km2", "street_nodes_per_km2", "attraction_nodes_max", "attraction_node_pull",
                            "centre_spacing_share"),
            shares=("attraction_node_share", "lane_missing_share", "street_missing_share", "centre_spacing_share",
                    "main_road_homes", "secret_share_office", "secret_share_factory", "hotel_art7_share"),
        )
        if self.node_perturbation.number >= 0.5:
            raise ValueError("node_perturbation below 0.5 (crossings would change places)")
        return self


class ModeShares(Strict):
    """Shares of the ways to travel in one band of distance; the car has the rest."""

    walk: Quantity
    cycle: Quantity
    ebike: Quantity
    transit: Quantity

    @model_validator(mode="after")
    def _at_most_all(self) -> ModeShares:
        if not (min(self.numbers) >= 0 and sum(self.numbers) <= 1.0 + 1e-9):
            raise ValueError("shares of at least 0 that sum to at most 1 (the car has the rest)")
        return self

    @property
    def numbers(self) -> tuple[float, float, float, float]:
        """Shares of walk, cycle, e-bike, transit."""
        return self.walk.number, self.cycle.number, self.ebike.number, self.transit.number


def _modes(band: str) -> ModeShares:
    ways = ("walk", "cycle", "ebike", "transit")
    walk, cycle, ebike, transit = (Quantity(fact=f"mode_{way}_{band}") for way in ways)
    return ModeShares(walk=walk, cycle=cycle, ebike=ebike, transit=transit)


class PopulationSection(Strict):
    """Who walks: groups, work, other places, times, ways to travel."""

    people: Quantity = Quantity(fact="population_guangzhou")
    resident_share: Quantity = Quantity(fact="group_share_resident")
    migrant_share: Quantity = Quantity(fact="group_share_migrant")
    student_share: Quantity = Quantity(fact="group_share_student")
    older_share: Quantity = Quantity(fact="group_share_older")
    resident_work: Quantity = Quantity(fact="work_share_resident")
    migrant_work: Quantity = Quantity(fact="work_share_migrant")
    student_work: Quantity = Quantity(fact="work_share_student")
    older_work: Quantity = Quantity(fact="work_share_older")
    work_attendance: Quantity = Quantity(fact="work_attendance")
    trips_per_day: Quantity = Quantity(fact="trips_per_person_day")
    commute_decay_km: Quantity = Quantity(fact="commute_decay_km")
    street_detour: Quantity = Quantity(fact="street_detour")
    visit_distance_exponent: Quantity = Quantity(fact="jump_exponent")
    visit_distance_offset_km: Quantity = Quantity(fact="jump_r0_km")
    visit_distance_cutoff_km: Quantity = Quantity(fact="visit_distance_cutoff_km")
    rank_gamma: Quantity = Quantity(fact="epr_gamma")
    stay_beta: Quantity = Quantity(fact="epr_beta")
    stay_min_min: Quantity = Quantity(fact="epr_wait_min_min")
    other_places: Quantity = Quantity(fact="other_places")
    work_departure_h: Quantity = Quantity(fact="work_departure_h")
    work_departure_sd_h: Quantity = Quantity(fact="work_departure_sd_h")
    work_stay_h: Quantity = Quantity(fact="work_stay_h")
    work_stay_sd_h: Quantity = Quantity(fact="work_stay_sd_h")
    morning_begin_h: Quantity = Quantity(fact="morning_begin_h")
    morning_end_h: Quantity = Quantity(fact="morning_end_h")
    afternoon_begin_h: Quantity = Quantity(fact="afternoon_begin_h")
    afternoon_end_h: Quantity = Quantity(fact="afternoon_end_h")
    evening_begin_h: Quantity = Quantity(fact="evening_begin_h")
    evening_end_h: Quantity = Quantity(fact="evening_end_h")
    tour_jitter_min: Quantity = Quantity(fact="tour_jitter_min")
    modes_under_1km: ModeShares = _modes("under_1km")
    modes_1_to_3km: ModeShares = _modes("1_to_3km")
    modes_3_to_8km: ModeShares = _modes("3_to_8km")
    modes_over_8km: ModeShares = _modes("over_8km")
    speed_walk_m_s: Quantity = Quantity(fact="walking_speed_m_s")
    speed_cycle_m_s: Quantity = Quantity(fact="speed_cycle_m_s")
    speed_ebike_m_s: Quantity = Quantity(fact="speed_ebike_m_s")
    speed_transit_m_s: Quantity = Quantity(fact="speed_transit_m_s")
    speed_car_km_h: Quantity = Quantity(fact="car_speed_peak_km_h")
    speed_spread: Quantity = Quantity(fact="speed_spread")
    walk_to_stop_m: Quantity = Quantity(fact="walk_to_stop_m")

    @model_validator(mode="after")
    def _sound(self) -> PopulationSection:
        if not (1 <= self.people.number <= 2**31):
            raise ValueError("people of at least 1")
        speeds = tuple(name for name in type(self).model_fields if name.startswith("speed_") and name != "speed_spread")
        _refuse_below(
            self, positive=(*speeds, "commute_decay_km", "visit_distance_offset_km", "visit_distance_cutoff_km",
                            "street_detour", "stay_min_min", "stay_beta"),
            shares=("resident_work", "migrant_work", "student_work", "older_work", "work_attendance"),
        )
        if not sum(self.group_shares) > 0:
            raise ValueError("group shares that are not all 0")
        if self.speed_spread.number >= 1:
            raise ValueError("speed_spread below 1")
        if not 0 <= self.other_places.number <= 5:
            raise ValueError("other_places from 0 to 5 (with work at most 12 directed routes)")
        return self

    @property
    def group_shares(self) -> tuple[float, ...]:
        """Shares in the order of `vocabulary.GROUPS`, as given."""
        return tuple(q.number for q in (self.resident_share, self.migrant_share, self.student_share, self.older_share))

    @property
    def work_shares(self) -> tuple[float, ...]:
        """Shares who go to work or study, in the order of `vocabulary.GROUPS`."""
        return tuple(q.number for q in (self.resident_work, self.migrant_work, self.student_work, self.older_work))

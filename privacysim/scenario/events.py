"""Scenario sections about cameras, access and leaks (owner of the numbers: `data/facts.csv`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from privacysim.files import Quantity, Strict
from privacysim.scenario.procedure_facts import ProcedureFacts, TakedownFacts


def _not_negative(quantity: Quantity) -> Quantity:
    if quantity.range[0] < 0:
        raise ValueError("a number of at least 0")
    return quantity


def _positive(quantity: Quantity) -> Quantity:
    if quantity.range[0] <= 0:
        raise ValueError("a number above 0")
    return quantity


def _share(quantity: Quantity) -> Quantity:
    if quantity.range[0] < 0 or quantity.range[1] > 1:
        raise ValueError("a share between 0 and 1")
    return quantity


def _recall(quantity: Quantity) -> Quantity:
    if not 0.01 <= quantity.range[0] <= quantity.range[1] <= 1:
        raise ValueError("a share from 0.01 to 1")
    return quantity


Amount = Annotated[Quantity, AfterValidator(_not_negative)]
Positive = Annotated[Quantity, AfterValidator(_positive)]
Share = Annotated[Quantity, AfterValidator(_share)]
Recall = Annotated[Quantity, AfterValidator(_recall)]


class CamerasSection(Strict):
    """Which cameras there are, who runs them, and what is true of their keeping whatever the rules."""

    file: str | None = None
    """Mapped cameras of an OpenStreetMap city from a file of their own (CSV, GeoJSON, KML, GeoPackage, .osm.pbf)."""
    recall: Recall | None = None
    """Of the street cameras that stand in a mapped city, the share that is mapped; without it none is added."""
    per_1000: Amount = Quantity(fact="cameras_per_1000")
    public_share: Share = Quantity(fact="public_share")
    """The state's part; the rest is social."""
    other_state_share: Share = Quantity(fact="other_state_share")
    """Of the state's part: not public security's."""
    junction_share: Share = Quantity(fact="junction_share")
    """Of public security's: at junctions; the rest along main roads."""
    compound_share: Share = Quantity(fact="compound_camera_share")
    home_share: Share = Quantity(fact="home_camera_share")
    indoor_share_commercial: Share = Quantity(fact="indoor_share_commercial")
    indoor_share_compound: Share = Quantity(fact="indoor_share_compound")
    platform_share: Share = Quantity(fact="vendor_platform_share")
    platforms: Positive = Quantity(fact="vendor_platforms")
    internet_share: Share = Quantity(fact="internet_share")
    default_password_share: Share = Quantity(fact="default_password_share")
    recording_share: Share = Quantity(fact="recording_share")
    watched_share: Share = Quantity(fact="watched_share")
    watched_attention: Share = Quantity(fact="watched_attention")
    police_district_m: Positive = Quantity(fact="police_district_m")


class AccessSection(ProcedureFacts):
    """Who asks for footage, how often, and how they look at it."""

    cases_per_month: Amount = Quantity(fact="cases_per_month")
    """In a city as populous as Guangzhou; scaled by people."""
    criminal_share: Share = Quantity(fact="criminal_case_share")
    home_scene_share: Share = Quantity(fact="case_at_home_share")
    crime_median_min: Positive = Quantity(fact="crime_median_min")
    crime_p95_min: Positive = Quantity(fact="crime_p95_min")
    report_median_h: Positive = Quantity(fact="report_delay_median_h")
    report_p95_h: Positive = Quantity(fact="report_delay_p95_h")
    window_median_min: Positive = Quantity(fact="window_half_median_min")
    window_p95_min: Positive = Quantity(fact="window_half_p95_min")
    window_shift: Amount = Quantity(fact="window_shift_share")
    p_asked: Share = Quantity(fact="p_asked")
    delay_median_d: Positive = Quantity(fact="ask_delay_median_d")
    delay_p95_d: Positive = Quantity(fact="ask_delay_p95_d")
    scene_radius_m: Amount = Quantity(fact="clue_scene_radius_m")
    scene_cameras: Amount = Quantity(fact="clue_scene_cameras")
    route_cameras: Amount = Quantity(fact="clue_route_cameras")
    route_m: Positive = Quantity(fact="clue_route_m")
    p_working: Share = Quantity(fact="p_working")
    p_recognised: Share = Quantity(fact="p_recognised")
    private_per_camera_year: Amount = Quantity(fact="private_asks_per_camera_year")
    state_per_month: Amount = Quantity(fact="state_asks_per_month")
    impostor_share: Share = Quantity(fact="impostor_share")
    wanted_median_min: Positive = Quantity(fact="wanted_median_min")
    wanted_p95_min: Positive = Quantity(fact="wanted_p95_min")
    answer_median_d: Positive = Quantity(fact="ask_delay_median_d")
    answer_p95_d: Positive = Quantity(fact="ask_delay_p95_d")
    informal_handover: Share = Quantity(fact="informal_handover")
    compliance: Share = Quantity(fact="compliance")
    open_demand: Amount = Quantity(fact="open_demand")
    contacts: Positive = Quantity(fact="contacts")
    pool_neighbours: Positive = Quantity(fact="pool_neighbours")
    gallery_suspects: Positive = Quantity(fact="gallery_suspects")


class LeaksSection(TakedownFacts):
    """What leaks: the live-video website and its audience."""

    scans_per_camera_year: Amount = Quantity(fact="scans_per_camera_year")
    p_listed: Share = Quantity(fact="p_listed")
    owner_broadcast: Amount = Quantity(fact="mechanism_owner_broadcast")
    open_port: Amount = Quantity(fact="mechanism_open_port")
    default_password: Amount = Quantity(fact="mechanism_default_password")
    cracked_account: Amount = Quantity(fact="mechanism_cracked_account")
    owner_unaware: Share = Quantity(fact="owner_unaware_share")
    close_per_day: Positive = Quantity(fact="stream_close_hazard_per_day")
    close_owner: Amount = Quantity(fact="close_split_owner")
    close_complaint: Amount = Quantity(fact="close_split_complaint")
    close_press: Amount = Quantity(fact="close_split_press")
    close_inspection: Amount = Quantity(fact="close_split_inspection")
    audience_median: Positive = Quantity(fact="audience_median")
    audience_p99: Positive = Quantity(fact="audience_p99")
    audience_max: Positive = Quantity(fact="audience_max")
    local_share: Share = Quantity(fact="audience_local_share")
    pool_website: Positive = Quantity(fact="pool_website")

"""Every route of every shipped policy, asked for every purpose and technique: the table is written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from privacysim import vocabulary as words
from privacysim.policy.asking import arm_of
from privacysim.policy.judging import Question, failing, matches, papers, told
from privacysim.policy.policy_files import policy_files
from privacysim.policy.policy_form import Access

NEED = ("criminal_case pre_filing_check public_order_case admin_enforcement civil_trial state_security "
        "counter_espionage emergency missing_person life_health_property data_subject_access defence wanted_notice "
        "live_guard maintenance oversight")  # fmt: skip
ANY = " ".join(words.TECHNIQUES)
NO_FACE = "look copy plate_search attribute_search"
CASES = "criminal_case public_order_case"
TABLE = {
    "notice_only": {
        "police_case": CASES, "seizure": "criminal_case", "police_precheck": "pre_filing_check",
        "state_security": "state_security counter_espionage", "justice": "criminal_case", "guard": NEED,
    },
    "guangzhou_2007": {
        "gz_organs": f"{CASES} admin_enforcement", "gz_badge": "admin_enforcement", "gz_notice": CASES,
        "gz_seizure": "criminal_case", "gz_state_security": "state_security counter_espionage",
        "gz_justice": "criminal_case",
        "gz_precheck": "pre_filing_check", "gz_emergency": "emergency", "gz_guard": NEED,
        "gz_takeover": f"{CASES} admin_enforcement emergency missing_person",
    },
    "order_799": {
        "police_case": f"{CASES} pre_filing_check wanted_notice", "police_administrative": "admin_enforcement",
        "police_emergency": "missing_person emergency", "seizure": "criminal_case",
        "brought": f"{CASES} pre_filing_check missing_person emergency", "counter_espionage": "counter_espionage",
        "state_security": "state_security criminal_case", "procuratorate": "criminal_case",
        "court": "criminal_case civil_trial", "supervision": "criminal_case admin_enforcement oversight",
        "administration": "admin_enforcement emergency", "emergency": "emergency",
        "person_concerned": "life_health_property missing_person", "counsel": "defence",
        "own_data": "data_subject_access", "own_data_of_others": "data_subject_access",
        "agreed": "commerce news private_claim", "agreed_outside": "commerce news private_claim",
        "agreed_publication": "commerce news", "guard": NEED, "state_platform": NEED,
        "guard_from_afar": "live_guard maintenance oversight emergency missing_person life_health_property",
        "staff_secures": f"{CASES} pre_filing_check live_guard life_health_property", "guard_company": "live_guard",
        "contractor": "maintenance", "publication": "wanted_notice missing_person news emergency",
        "home_publication": "private_claim life_health_property missing_person news",
    },
    "edpb_72h": {
        "police_case": f"{CASES} pre_filing_check", "offered": f"{CASES} pre_filing_check missing_person emergency",
        "own_data": "data_subject_access life_health_property private_claim",
        "claim": "private_claim civil_trial life_health_property", "court": "criminal_case civil_trial",
        "guard": NEED, "police_face": "criminal_case missing_person wanted_notice emergency",
        "live_face_granted": "missing_person emergency wanted_notice",
    },
    "open_access": {"anybody": " ".join(words.PURPOSES)},
    "no_cameras": {},
}
TABLE["guangzhou_draft"] = TABLE["guangzhou_2007"]
TABLE["guangdong_132"] = TABLE["notice_only"]
TABLE["order_799_no_waiver"] = TABLE["mask_at_source"] = TABLE["order_799"]
TABLE["guangzhou_today"] = TABLE["order_799"] | {"gz_takeover": TABLE["guangzhou_2007"]["gz_takeover"]}
TABLE["judge_warrant"] = {
    **TABLE["order_799"], "police_case": f"{CASES} pre_filing_check admin_enforcement wanted_notice",
}  # fmt: skip
for lost in ("state_platform", "police_administrative"):
    del TABLE["judge_warrant"][lost]
OWN_PACK = ("criminal_case pre_filing_check emergency missing_person life_health_property live_guard maintenance "
            "oversight")  # fmt: skip
POLICE = f"{CASES} pre_filing_check missing_person emergency"
SEARCH = "criminal_case pre_filing_check missing_person wanted_notice emergency"
CLAIM = "private_claim civil_trial life_health_property defence"
WARD = "data_subject_access life_health_property private_claim"
TABLE["eu_gdpr"] = {
    "guard": f"{OWN_PACK} private_claim", "face_agreed": "commerce live_guard",
    "face_vital": "emergency missing_person", "contractor": "maintenance", "police_order": POLICE, "offered": POLICE,
    "court": "criminal_case civil_trial", "own_data": f"data_subject_access {CLAIM}", "own_data_of_ward": WARD,
    "own_data_of_home": "data_subject_access", "claim": CLAIM, "press": "news",
    "home_outside": "live_guard life_health_property private_claim criminal_case pre_filing_check",
}
TABLE["eu_police"] = TABLE["eu_gdpr"] | {
    "police_watch": f"{OWN_PACK} public_order_case wanted_notice",
    "live_face_leave": "missing_person emergency wanted_notice",
    "live_face_urgent": "missing_person emergency wanted_notice",
    "face_first_identified": "pre_filing_check missing_person emergency",
    "face_recorded_before_2027": "criminal_case wanted_notice", "police_publication": "wanted_notice missing_person",
    "own_data_of_police": "data_subject_access",
}
TABLE["uk_code"] = {
    "council_watch": f"{OWN_PACK} public_order_case admin_enforcement",
    "police_watch": f"{OWN_PACK} public_order_case wanted_notice",
    "police_live_face": "wanted_notice missing_person emergency criminal_case", "police_face": SEARCH,
    "shop_watch": f"{OWN_PACK} private_claim", "face_agreed": "commerce live_guard",
    "face_vital": "emergency missing_person", "contractor": "maintenance",
    "police_order": f"{POLICE} wanted_notice", "police_asked": f"{POLICE} wanted_notice",
    "police_publication": "wanted_notice missing_person", "court": "criminal_case civil_trial",
    "own_data": f"data_subject_access {CLAIM}", "own_data_of_ward": WARD,
    "own_data_of_police": "data_subject_access", "own_data_of_home": "data_subject_access", "claim": CLAIM,
    "home_outside": "live_guard life_health_property private_claim criminal_case pre_filing_check",
}
TABLE["us_sf_19b"] = {
    **dict.fromkeys(("approved", "police_first_year", "received"), f"{OWN_PACK} public_order_case admin_enforcement"),
    "exigent": "emergency", "willing_owner_live": f"{CASES} missing_person",
    "willing_owner_recorded": f"{CASES} pre_filing_check missing_person",
}
TABLE["us_il_bipa"] = {
    "released": "commerce live_guard maintenance", "disclosed_with_consent": "commerce live_guard private_claim",
    "warrant": "criminal_case missing_person wanted_notice", "subpoena": "criminal_case civil_trial defence",
}
LOOK, FACE, LIVE, RECORDED = "look copy", "face_search_recorded face_watchlist_live", "face_watchlist_live", (
    "face_search_recorded")
NARROW = {
    NO_FACE: "guard police_order offered police_watch council_watch shop_watch police_asked approved police_first_year "
             "exigent willing_owner_recorded",
    FACE: "face_agreed face_vital released disclosed_with_consent warrant subpoena",
    LIVE: "live_face_leave live_face_urgent police_live_face",
    RECORDED: "face_first_identified face_recorded_before_2027 police_face received",
    LOOK: "court own_data own_data_of_ward own_data_of_home own_data_of_police claim press home_outside "
          "police_publication willing_owner_live",
    "look": "contractor",
}
TECHNIQUES = {(policy, route): ways for policy in ("eu_gdpr", "eu_police", "uk_code", "us_sf_19b", "us_il_bipa")
              for ways, routes in NARROW.items() for route in routes.split()}
TECHNIQUES |= {("edpb_72h", "guard"): NO_FACE, ("edpb_72h", "police_face"): "face_search_recorded",
              ("edpb_72h", "live_face_granted"): "face_watchlist_live",
              ("judge_warrant", "guard"): "look copy"}  # fmt: skip


def example(route: Access) -> Question:
    """An act that meets the route in everything but, perhaps, purpose and technique."""
    return Question(
        (route.requester or ("curious",))[0], (route.acts or ("view",))[0], "curiosity",
        (route.channel or ("request",))[0],
        (route.operator or ("commercial",))[0], (route.regime or ("public_venue",))[0], document=route.document,
        approver=route.approver, own=bool(route.own), consent=True, of_whom=(route.of_whom or ("",))[0],
        mask="box" if "masked" in route.conditions else "none", officers=route.officers, case_filed=True,
        consent_of="guardian" if route.of_whom[:1] == ("ward",) else "person_filmed",
        entry=(route.entry or ("",))[0], within="hours", scene=(route.scene or ("street",))[0],
        siting_lawful=True if "approved" in route.conditions else None,
    )  # fmt: skip


def test_the_table_names_every_policy() -> None:
    assert set(TABLE) == set(policy_files())


@pytest.mark.parametrize("policy", sorted(TABLE))
def test_each_route_serves_the_purposes_and_techniques_of_the_table(policy: str) -> None:
    arm = arm_of(f"{policy}:wide" if policy == "guangzhou_draft" else policy)
    assert {route.id for route in arm.policy.access} == set(TABLE[policy])
    for route in arm.policy.access:
        served = {
            (purpose, technique) for purpose in words.PURPOSES for technique in words.TECHNIQUES
            if matches(route, one := replace(example(route), purpose=purpose, technique=technique))
            and not failing(papers(route), told(one))
        }
        ways = TECHNIQUES.get((policy, route.id), ANY).split()
        assert served == {(why, how) for why in TABLE[policy][route.id].split() for how in ways}, route.id

"""Facts of procedure: desks, delays, custodians and takedown (owner of the numbers: `data/facts.csv`).

They say how long things take and how people behave; what is allowed is the policy's business, never a scenario's.
The sections `access` and `leaks` of a scenario take them in.
"""

from __future__ import annotations

from privacysim.files import Quantity, Strict


class ProcedureFacts(Strict):
    """How a request goes its way: from the draft to the footage."""

    notice_draft_h: Quantity = Quantity(fact="notice_draft_h")
    notice_serve_h: Quantity = Quantity(fact="notice_serve_h")
    custodian_search_h: Quantity = Quantity(fact="custodian_search_h")
    delay_sigma: Quantity = Quantity(fact="delay_sigma")
    desk_opens_h: Quantity = Quantity(fact="desk_opens_h")
    desk_closes_h: Quantity = Quantity(fact="desk_closes_h")
    desk_officers_case_department_head: Quantity = Quantity(fact="desk_officers_case_department_head")
    desk_officers_county_psb_head: Quantity = Quantity(fact="desk_officers_county_psb_head")
    desk_officers_municipal_state_security_head: Quantity = Quantity(fact="desk_officers_municipal_state_security_head")
    desk_officers_strict_unspecified: Quantity = Quantity(fact="desk_officers_strict_unspecified")
    desk_officers_judge: Quantity = Quantity(fact="desk_officers_judge")
    desk_work_case_department_head_min: Quantity = Quantity(fact="desk_work_case_department_head_min")
    desk_work_county_psb_head_min: Quantity = Quantity(fact="desk_work_county_psb_head_min")
    desk_work_municipal_state_security_head_min: Quantity = Quantity(fact="desk_work_municipal_state_security_head_min")
    desk_work_strict_unspecified_min: Quantity = Quantity(fact="desk_work_strict_unspecified_min")
    desk_work_judge_min: Quantity = Quantity(fact="desk_work_judge_min")
    desk_judge_median_h: Quantity = Quantity(fact="desk_judge_median_h")
    operator_consent: Quantity = Quantity(fact="operator_consent")
    custodian_refuses: Quantity = Quantity(fact="custodian_refuses")
    forged_paper_detected: Quantity = Quantity(fact="forged_paper_detected")
    paper_defect_share: Quantity = Quantity(fact="paper_defect_share")
    paper_defect_curable: Quantity = Quantity(fact="paper_defect_curable")
    investigators: Quantity = Quantity(fact="investigators_looking")
    emergency_answer_h: Quantity = Quantity(fact="emergency_answer_h")
    case_withdrawn_per_day: Quantity = Quantity(fact="case_withdrawn_per_day")
    pre_filing: Quantity = Quantity(fact="pre_filing_share")
    refusal_seized: Quantity = Quantity(fact="refusal_seized_share")
    seizure_delay_h: Quantity = Quantity(fact="seizure_delay_h")
    machine_search_share: Quantity = Quantity(fact="machine_search_share")
    search_cameras: Quantity = Quantity(fact="search_cameras")
    search_radius_m: Quantity = Quantity(fact="search_radius_m")
    watchlist_live_share: Quantity = Quantity(fact="watchlist_live_share")
    watchlist_people: Quantity = Quantity(fact="watchlist_people")
    emergencies_per_year: Quantity = Quantity(fact="emergencies_per_year")
    emergency_h: Quantity = Quantity(fact="emergency_h")
    emergency_radius_m: Quantity = Quantity(fact="emergency_radius_m")
    maintenance_per_camera_year: Quantity = Quantity(fact="maintenance_per_camera_year")
    maintenance_look_min: Quantity = Quantity(fact="maintenance_look_min")
    wanted_notice_share: Quantity = Quantity(fact="wanted_notice_share")
    wanted_delay_d: Quantity = Quantity(fact="wanted_delay_d")
    wanted_viewers: Quantity = Quantity(fact="wanted_viewers")


class LapseFacts(Strict):
    """Insiders, break-ins, resale, publication, and how they are found."""

    staff_per_1000_cameras: Quantity = Quantity(fact="staff_per_1000_cameras")
    lapses_per_1000_staff_years: Quantity = Quantity(fact="lapses_per_1000_staff_years")
    lapse_contractor_share: Quantity = Quantity(fact="lapse_contractor_share")
    lapse_vendor_share: Quantity = Quantity(fact="lapse_vendor_share")
    lapse_disclosed_share: Quantity = Quantity(fact="lapse_disclosed_share")
    lapse_sold_share: Quantity = Quantity(fact="lapse_sold_share")
    lapse_published_share: Quantity = Quantity(fact="lapse_published_share")
    lapse_used_share: Quantity = Quantity(fact="lapse_used_share")
    lapse_look_min: Quantity = Quantity(fact="lapse_look_min")
    told_people: Quantity = Quantity(fact="told_people")
    breaches_per_1000_custodians_year: Quantity = Quantity(fact="breaches_per_1000_custodians_year")
    breach_cameras_looked_at: Quantity = Quantity(fact="breach_cameras_looked_at")
    platform_breaches_per_year: Quantity = Quantity(fact="platform_breaches_per_year")
    platform_cameras_looked_at: Quantity = Quantity(fact="platform_cameras_looked_at")
    breach_sold_share: Quantity = Quantity(fact="breach_sold_share")
    resale_mean: Quantity = Quantity(fact="resale_mean")
    resale_delay_d: Quantity = Quantity(fact="resale_delay_d")
    published_viewers_per_day: Quantity = Quantity(fact="published_viewers_per_day")
    published_takedown_d: Quantity = Quantity(fact="published_takedown_d")
    republished_mean: Quantity = Quantity(fact="republished_mean")
    log_review_d: Quantity = Quantity(fact="log_review_d")
    lapse_complaint_per_day: Quantity = Quantity(fact="lapse_complaint_per_day")
    lapse_press_per_day: Quantity = Quantity(fact="lapse_press_per_day")
    lapse_inspection_per_day: Quantity = Quantity(fact="lapse_inspection_per_day")
    proof_without_log: Quantity = Quantity(fact="proof_without_log")
    detention_day_cny: Quantity = Quantity(fact="detention_day_cny")
    prison_year_cny: Quantity = Quantity(fact="prison_year_cny")
    deterrence_per_1000_cny: Quantity = Quantity(fact="deterrence_per_1000_cny")
    audit_detection: Quantity = Quantity(fact="audit_detection")
    price_video_usd: Quantity = Quantity(fact="price_video_usd")
    clip_s: Quantity = Quantity(fact="clip_s")
    blackmail_share: Quantity = Quantity(fact="blackmail_share")
    stalking_share: Quantity = Quantity(fact="stalking_share")
    blackmail_cny: Quantity = Quantity(fact="blackmail_cny")
    hidden_per_100k_cameras: Quantity = Quantity(fact="hidden_per_100k_cameras")
    hidden_guest_per_day: Quantity = Quantity(fact="hidden_guest_per_day")
    hidden_inspection_per_day: Quantity = Quantity(fact="hidden_inspection_per_day")
    hidden_venue_duty_factor: Quantity = Quantity(fact="hidden_venue_duty_factor")
    hidden_watch_share: Quantity = Quantity(fact="hidden_watch_share")
    hidden_sold_share: Quantity = Quantity(fact="hidden_sold_share")
    hidden_blackmail_share: Quantity = Quantity(fact="hidden_blackmail_share")
    inspections_per_camera_year: Quantity = Quantity(fact="inspections_per_camera_year")
    correction_refused_share: Quantity = Quantity(fact="correction_refused_share")
    correction_term_d: Quantity = Quantity(fact="correction_term_d")
    sanction_taken_up: Quantity = Quantity(fact="sanction_taken_up_share")


class TakedownFacts(LapseFacts):
    """What rules change about leaks, and how owners and viewers behave."""

    compliance_delay_d: Quantity = Quantity(fact="compliance_delay_d")
    informal_copy_share: Quantity = Quantity(fact="informal_copy_share")
    informal_spread_share: Quantity = Quantity(fact="informal_spread_share")
    news_published_share: Quantity = Quantity(fact="news_published_share")
    news_viewers_per_day: Quantity = Quantity(fact="news_viewers_per_day")
    stream_recorded_share: Quantity = Quantity(fact="stream_recorded_share")
    stream_recorded_after_d: Quantity = Quantity(fact="stream_recorded_after_d")
    website_watch_min: Quantity = Quantity(fact="website_watch_min")
    takedown_prohibited_factor: Quantity = Quantity(fact="takedown_prohibited_factor")
    inspection_filed_factor: Quantity = Quantity(fact="inspection_filed_factor")
    security_duty_effect: Quantity = Quantity(fact="security_duty_effect")

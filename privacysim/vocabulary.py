"""Controlled vocabularies of the model: closed lists with one word per thing, in a fixed order.

The order must not change, because a word's position is its code in arrays.
"""

OPERATORS = ("public_security", "other_state", "commercial", "compound", "home")
REGIMES = ("public_state", "public_venue", "public_other", "residential_common", "private_home", "prohibited_site",
           "secret_adjacent")
REQUESTERS = ("public_security", "state_security", "procuratorate", "court", "supervision_commission",
              "other_state_organ", "emergency_authority", "own_staff_on_duty", "own_staff_off_purpose", "contractor",
              "vendor_platform", "person_filmed", "relative_or_guardian", "victim_not_filmed", "defence_counsel",
              "civil_party", "insurer", "employer", "neighbour", "media", "company", "curious", "impostor",
              "foreign_authority")
STATE_ORGANS = REQUESTERS[:7]
PURPOSES = ("criminal_case", "pre_filing_check", "public_order_case", "admin_enforcement", "civil_trial",
            "state_security", "counter_espionage", "emergency", "missing_person", "life_health_property",
            "data_subject_access", "defence", "private_claim", "news", "wanted_notice", "live_guard", "maintenance",
            "oversight", "commerce", "curiosity")
CHANNELS = ("request", "own_console", "shared_platform", "takeover", "seizure", "live_monitor", "remote_login",
            "onward", "open_stream", "hidden")
TECHNIQUES = ("look", "copy", "plate_search", "attribute_search", "face_search_recorded", "face_watchlist_live")
DOCUMENTS = ("none", "badge", "badge_and_letter", "notice_of_obtaining_evidence", "retrieval_notice_supervision",
             "court_order", "seizure_decision", "id_proof", "warrant")
APPROVERS = ("none", "case_department_head", "county_psb_head", "municipal_state_security_head", "strict_unspecified",
             "operator", "controller", "judge")
ACTS = ("view", "copy", "acquire", "buy", "sell", "disseminate", "use")
SOURCES = ("request", "monitor", "stream", "insider", "breach", "informal", "hidden", "resale", "publication")
SCENES = ("street", "public_interior", "semi_private", "private_space")
SECRETS = ("none", "commercial", "state")
SPECIFIC = ("authorised", "conditional", "silent", "prohibited_express", "prohibited_derived")
GENERAL = ("lawful", "depends", "civil_wrong", "pi_breach", "admin_offence", "crime")
LEGALITIES = ("authorised", "ungoverned", "prohibited")
OUTCOMES = ("granted", "refused", "withdrawn", "unavailable", "pending")
EVIDENCE = ("none", "viewed", "admissible")
MECHANISMS = ("owner_broadcast_knowing", "owner_broadcast_unaware", "open_port", "default_password", "cracked_account")
CLOSERS = ("owner", "complaint", "press", "inspection")
CURVES = ("low", "high")
STEPS = ("none", "no_provision", "not_proved", "not_taken_up", "time_barred", "none_stated", "civil_claim",
         "order_to_correct", "corrected", "fine", "detention", "prosecution", "discipline")
"""Legal steps after a breach was found, or the reason why none followed; `none` if no breach was found."""
MANAGERS = ("police", "other_state", "operator", "nobody")
"""Who is responsible for a camera under the camera rules."""

CATEGORIES = ("road", "housing_compound", "home", "office", "factory", "research_lab", "small_shop", "restaurant",
              "mall", "market", "hotel", "bank", "clinic", "hospital", "school", "university", "kindergarten",
              "worship", "adult_shop", "entertainment", "bath_massage", "culture_sport", "park", "union_ngo",
              "government_hall", "police_court", "military_secret_organ", "metro_station", "transport_hub", "car_park")
"""Categories of places; `road` is the street itself."""
SENSITIVE = ("clinic", "hospital", "worship", "adult_shop", "hotel", "bath_massage", "entertainment", "union_ngo",
             "police_court")
"""Categories whose visits reveal what people may want to keep private (in the spirit of PIPL art. 28)."""
GROUPS = ("resident", "migrant", "student", "older")

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
INTERESTS = ("state_secret", "commercial_secret", "privacy")
"""What those who build, use and maintain cameras must not reveal."""
DUTIES = ("retention", "retention_most", "delete", "filing", "signs", "log", "security", "contract", "must_build",
          "three_interests", "inspect_rooms", "impact_assessment", "purpose_in_writing", "breach_notice",
          "breach_notice_people", "breach_damages", "incident_report", "refusal_reasons", "access_copy", "help_police",
          "help_state_security", "have_regard", "contact_point", "retention_policy", "care", "annual_report",
          "publish_policy", "correct")
"""Duties of those who run cameras that can be asked for."""
CIRCUMSTANCES = ("old_system", "key_target", "key_unit", "network_data", "remedied", "encrypted", "high_risk")
"""Circumstances on which a duty may depend."""
CONSENTS = ("none", "operator", "person_filmed", "guardian")
WHOM = ("self", "ward", "minor", "dead", "other")
TELLS = ("tracks", "lodging")
"""What items tell about a person, where the law counts them by it: where somebody went, or where they lodged."""
ENTRIES = ("none", "on_duty", "password_given", "default_password", "intrusion")
"""How somebody got into a system."""
LIMITS = ("place", "hours", "technique", "recipient")
"""What a document limits."""
SPECIFIC = ("authorised", "conditional", "silent", "prohibited_express", "prohibited_derived")
GENERAL = ("lawful", "depends", "civil_wrong", "pi_breach", "admin_offence", "crime")
LEGALITIES = ("authorised", "ungoverned", "prohibited")
OUTCOMES = ("granted", "refused", "withdrawn", "unavailable", "pending")
EVIDENCE = ("none", "viewed", "admissible", "decisive")
PROOF = EVIDENCE[2:]
"""Evidence that may be used in court; decisive if it also leads to the offender."""
OFFENCES = ("homicide", "robbery", "street_theft", "assault", "other_theft", "other_crime", "public_order")
"""Classes of offences: `street_theft` is theft from the person, `other_crime` mostly fraud."""
MECHANISMS = ("owner_broadcast_knowing", "owner_broadcast_unaware", "open_port", "default_password", "cracked_account")
CLOSERS = ("owner", "complaint", "press", "inspection")
CURVES = ("low", "high")
STEPS = ("none", "no_provision", "not_proved", "not_taken_up", "time_barred", "none_stated", "civil_claim",
         "order_to_correct", "corrected", "fine", "detention", "prosecution", "discipline", "dismissal", "conviction",
         "acquittal", "unfounded")
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

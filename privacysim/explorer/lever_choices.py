"""Levers of the explorer and the choices that each offers, for the widgets and for the page."""

from collections.abc import Mapping

from privacysim.errors import refuse_unknown
from privacysim.explorer.preview import Preview
from privacysim.policy import Reform

AS_IS = "as the rules say"
RETENTION = (AS_IS, *(f"{days} d" for days in (1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90)))
MASKS = (AS_IS, "none", "pixelate:16", "pixelate:8", "pixelate:4", "pixelate:2", "box")
APPROVERS = ((AS_IS, AS_IS), ("head of the department", "department"), ("head of the county police", "county"),
             ("a judge, with a warrant", "judge"))  # fmt: skip
DUTIES = ((AS_IS, AS_IS), ("nobody", "nobody"), ("venues", "venues"), ("shops too", "shops"),
          ("homes too", "everybody"))  # fmt: skip
BANS = ((AS_IS, AS_IS), ("none", "none"), ("footage of public venues", "venues"), ("all footage", "everywhere"))
Choices = tuple[tuple[str, str], ...]


def choices(preview: Preview) -> dict[str, tuple[str, Choices]]:
    """Name of a lever → its label, and its options as (text, value); `base` selects the rules to start from."""
    rules = tuple((arm.title, arm.id) for arm in preview.arms if arm.policy.footage)
    return {
        "base": ("Start from", rules), "retention": ("Footage kept", tuple((one, one) for one in RETENTION)),
        "mask": ("Mask at source", tuple((one, one) for one in MASKS)), "approver": ("Police ask", APPROVERS),
        "duties": ("Duties apply to", DUTIES), "ban": ("Ban for all on", BANS),
    }  # fmt: skip


def reform_of(values: Mapping[str, str], preview: Preview) -> Reform:
    """The policy that the levers describe; a lever left out stays as the rules say. Unknown words are an InputError."""
    offered = choices(preview)
    for name, value in values.items():
        refuse_unknown(name, offered, "lever", "one of " + ", ".join(offered))
        known = [one for _, one in offered[name][1]]
        refuse_unknown(value, known, name, "one of " + ", ".join(known))
    base = values.get("base", preview.baseline.id)
    return Reform(base, **{name: one for name, one in values.items() if name != "base" and one != AS_IS})


def saved_words(base: str, path: str) -> str:
    """What to do with a policy that was saved."""
    return (f"Saved: {path}. To run it: privacysim run --scenario guangzhou_district --policies {base},{path} "
            f"--baseline {base} --days 30")

"""Law as dated data: provisions, general answers by date, places, and the words that rules use."""

from privacysim.law.law_packs import GivenPack, laws
from privacysim.law.provisions import LawPack, Laws, Provision, Sanction

__all__ = ["GivenPack", "LawPack", "Laws", "Provision", "Sanction", "laws"]

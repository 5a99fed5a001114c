"""Law as dated data: provisions, general law by date, and classes of places."""

from privacysim.law.law_packs import GivenPack, laws
from privacysim.law.provisions import LawPack, Laws, Provision, Sanction

__all__ = ["GivenPack", "LawPack", "Laws", "Provision", "Sanction", "laws"]

"""Law as dated data: provisions, general answers by date, and the words that rules use."""

from privacysim.law.provisions import Laws, Provision, Sanction, laws

__all__ = ["Laws", "Provision", "Sanction", "laws"]

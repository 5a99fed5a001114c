"""The commands of privacysim, one module for each group."""

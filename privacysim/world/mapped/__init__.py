"""What others mapped: positions read from files of any origin, with every doubt said and nothing dropped silently."""

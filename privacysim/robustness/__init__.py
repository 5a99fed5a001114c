"""How sure, what drives it, where does it fail, what would be better: rooms of studies over studies."""

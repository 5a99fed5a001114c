"""One replicate of a study: inputs, units of work, and what they leave."""

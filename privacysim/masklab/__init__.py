"""The masking lab: what a mask really hides, measured. Masks, attacks, faces, the curve, and video."""

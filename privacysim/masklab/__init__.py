"""The masking lab: what a mask really hides, measured. Masks, attacks, faces, the curve, and video."""

from privacysim.errors import require

require("masks", "cv2", "cryptography", "sklearn", where="the masking lab")

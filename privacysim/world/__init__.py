"""The world of a replicate: cameras, what they cover, the chances of what may happen, and the cast of cases."""

from privacysim.world.cameras import Cameras
from privacysim.world.world_model import World, sample_world

__all__ = ["Cameras", "World", "sample_world"]

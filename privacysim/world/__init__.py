"""World of a replicate: cameras, their fields of view, the chances of events, and the cast of cases."""

from privacysim.world.cameras import Cameras
from privacysim.world.world_model import World, sample_world

__all__ = ["Cameras", "World", "sample_world"]

"""The only memory: what was read, what maps to what, what was sent."""

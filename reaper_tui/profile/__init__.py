"""Settings, paths and secrets of a clone."""

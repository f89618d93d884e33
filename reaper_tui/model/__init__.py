"""Nouns without I/O, frozen."""

"""Readings of the journal."""

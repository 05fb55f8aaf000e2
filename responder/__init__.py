"""Incident response for leaked credentials: contain, rotate, redeploy, prove, record."""

__version__ = "0.1.0"

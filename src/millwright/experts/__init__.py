"""Experts: scripted policies that see the truth and can act from any state."""

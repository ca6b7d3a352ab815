"""Lifting what an instruction names."""

"""The parts of brick-study: its cells, what they learn from, how they are trained and measured, what came out."""

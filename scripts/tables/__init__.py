"""Rows of tables, made from what recipes and benchmarks wrote into results/."""

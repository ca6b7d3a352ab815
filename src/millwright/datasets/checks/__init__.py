"""What a dataset is checked for, one file a kind, all on the contract in `check.py`."""

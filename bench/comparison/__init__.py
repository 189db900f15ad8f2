"""Glassbox and its peers, measured in turn. `compare.py` is the program."""

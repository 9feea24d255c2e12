"""The parts of `scripts/gpu_check.py`, each a module with a function `cases`."""

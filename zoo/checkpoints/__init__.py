"""Write checkpoints atomically and load them without running code from the file."""

"""Images with points."""

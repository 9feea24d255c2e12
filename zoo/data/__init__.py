"""Data modules and image reading: everything from a file to a batch."""

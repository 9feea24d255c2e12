"""Tables of files as data frames of pandas, which is optional."""

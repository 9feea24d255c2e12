"""Tables whose rows are samples: numbers, dates and categories, and a column to predict."""

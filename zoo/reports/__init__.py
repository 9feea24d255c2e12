"""Kit for the tasks' reports: figures, sections and the HTML page."""

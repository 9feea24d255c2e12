"""Kit for the tasks' predict modules: reading images, drawing contact sheets."""

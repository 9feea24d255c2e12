"""Sections of reports on tables: columns, coefficients, importance, dependence, components."""

"""Builds, trains, tests, reports, resumes and exports one run."""

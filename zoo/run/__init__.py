"""Build, train, test, report, resume and export one run."""

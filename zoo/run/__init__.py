"""One run: build, train, test, report, resume, export."""

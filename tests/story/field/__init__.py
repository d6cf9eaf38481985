"""Every approval-flow bug that the field knows, as a test that would fail on it."""

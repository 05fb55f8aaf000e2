"""GitHub: environment secrets, workflow runs, and leaked tokens."""

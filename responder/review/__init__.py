"""What happened: where a leaked value is, and what was done with it."""

"""Modal: who a token belongs to, and the actions on tokens, secrets and apps."""

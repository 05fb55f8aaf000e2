"""One folder a service: its clients, and the actions that playbooks can use."""

"""The two-layer network and the modules that its notebook needs."""

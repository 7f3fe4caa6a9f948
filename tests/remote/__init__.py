"""The remote backend, against a real server that fails as it is told."""

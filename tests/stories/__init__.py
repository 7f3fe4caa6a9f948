"""Whole processes, driven from outside as a user would: API, worker, Redis and S3 are the real ones."""

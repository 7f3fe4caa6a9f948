"""The command line, against the real API where it can be had and a canned one where it can't be made to fail."""

"""The door for clients of Stability's protocol."""

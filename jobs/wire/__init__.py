"""Generated protobuf messages of the wire: written by proto/generate, never edited."""

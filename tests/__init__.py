"""One folder a room; `stories` drive whole processes, `contracts` hold one suite for every implementation."""

"""The engine's promises: parity with diffusers, byte identity, and a thread that outlives every fault."""

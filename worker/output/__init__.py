"""What leaves the worker: a PNG that says how it was made (`png`), and a contact sheet of a whole job (`sheet`)."""

"""What every worker does beside its pictures: reap, send tickets, forget what is old, keep vigil, tell its figures."""

"""Where strangers' bytes are decoded: in processes that hold no credentials, may not grow, and may die.

::

    bytes ─▶ check_claim (here) ─▶ pool ──pipe──▶ inside: limits, then decode ──pipe──▶ pixels

`decode` says what is a picture and how it should look; it allocates what the file claims, in C libraries that have had
their overflows. So it runs in `inside`, a child process with bounds on memory and processor time and without files or
network secrets; `pool` keeps a few of them warm, replaces one that died, and says so in one sentence. Nothing in here
imports more than NumPy and Pillow: a child is there in a fraction of a second and takes 40 MB.
"""

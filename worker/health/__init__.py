"""How this worker fares: what tells others about it (`condition`, `page`), and what stops it before it does harm.

`circuit` leases nothing while the store is away; `watchdog` ends the process where the device hangs.
"""

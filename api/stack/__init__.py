"""A real farm on one machine: Redis, an S3 store, the API and workers as child processes, started and stopped in order.

No redis and no boto3 in here: readiness is a raw PING and a plain GET, so this room starts servers without knowing
what they are used for.
"""

"""Job state in Redis: the truth about what was asked, what is done and who works on what. The only importer of redis.

At-least-once execution, exactly-once output: a Celery message is a hint, everything that matters is here. Every change
of more than one key is one Lua script, idempotent, on the server's own clock. `keyspace` documents every key, `book` is
the ledger's face to doors and hands, `feed` reads the events, `lua/` holds the scripts.
"""

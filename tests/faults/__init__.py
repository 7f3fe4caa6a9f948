"""The fault kit: what the network, the store and Redis do on a bad night, at the word of a test.

`tcp_proxy` stands before any server and delays, throttles, cuts, resets or swallows; `s3_front` stands before an S3
store and breaks requests by rule; `redis_control` kills, restarts, freezes, fills and empties a Redis. The clock that
jumps is `tests.ledger.conftest.Clock`; the points at which a worker can be ended are in `worker.crash_points`.
"""

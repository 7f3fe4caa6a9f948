"""The door for clients of Stability's protocol: native gRPC on a port of its own, gRPC-Web on the API's.

::

    Request --translate--> job spec --desk--> job --events--> answers
                 |                                    |
        engines, presets                    attachments (who waits)

A request is a job like any other, in the urgent lane. `door` knows no transport: `native` and `grpc_web` are the two
that it has; `status` says which error is which status at both.
"""

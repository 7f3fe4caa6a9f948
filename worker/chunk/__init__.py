"""What a ticket to render does: one lease, then prepare |> render |> publish until the chunk is settled.

`run` is the loop; `lease` holds on to the chunk meanwhile and hears cancel and pause; `prepare` makes orders of
variants, a few ahead of the backend; `publish` encodes, stores, records and settles what comes back.
"""

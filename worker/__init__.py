"""The hands: one process a device, that takes leases from the ledger and turns variants into stored pictures.

`tasks` holds the only Celery tasks; `workshop` composes everything from settings; `chunk_run` is the main loop, three
lazy stages: prepare |> render |> publish. Never imports `api`.
"""

"""The hands: one process a device, that takes leases from the ledger and turns variants into stored pictures.

`tasks` holds the only Celery tasks and `ticket` is what they do: a ticket to render works off chunks (`chunk`), a light
one does the `duties` before and after. `upkeep` ticks beside them, and `workshop` composes everything from
settings. Never imports `api`.

Along the way of a picture: `intake` fetches init images and `booth` decodes them apart; `backends` make the picture,
`engine` being ours; `output` encodes it; `results` are the files that it ends in. `health` watches over the process.
"""

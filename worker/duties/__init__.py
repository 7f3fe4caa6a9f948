"""What a light ticket does: everything about a job that needs no device, one duty of the ledger at a time.

`planning` freezes what was asked for (`sources` and `reading` find the images, `freezing` lists them once), `finishing`
writes what a finished job leaves behind (`merge` the lists, `gallery` the contact sheet), `webhooks` tells its end and
`marking` writes the stars. A duty is `held` while it is done, and every one is idempotent: a dead worker's comes again.
"""

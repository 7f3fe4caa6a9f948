"""A job's files in storage, as workers write and find them again: what has to outlive Redis.

`manifests` is the frozen manifest, `records` the lines of what was made, `stored` a picture that lies there already,
`earlier` one that another job made, `thumbs` the small pictures. Where each of them lies is said in `jobs.keys`.
"""

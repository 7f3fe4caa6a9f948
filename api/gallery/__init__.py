"""A job's pictures as pages show them: the grid's geometry, cells, thumbnails, one variant in full, and what follows.

`sweeps` keeps the sweeps of jobs that are looked at, `grid` turns one into axes and strides, `pictures` says where
bytes lie and under which address a browser finds them, `detail` tells everything about one variant, `onward` makes a
new spec of it. Like the desk it knows no transport, every function asks first whether the caller has the job, and
whatever a user wrote passes through as data.
"""

"""The doors' promises, over real sockets, on a real Redis and a real S3 store."""

"""What a job is: the language, the product, the names and the seeds."""

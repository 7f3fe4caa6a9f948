"""`python -m api.cli`: the command line where no entry point is installed."""

from api.cli import main

main()

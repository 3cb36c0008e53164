"""`python -m monitor`: the command, where its folder is not on the path."""

from monitor.cli import main

main()

"""`python -m crawler` is `osai-evidence`."""

from crawler.cli import main

main()

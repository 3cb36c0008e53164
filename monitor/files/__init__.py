"""Files that people have: tables and JSON of many programs, read into mentions.

`opening` finds out what a file is and hands over its rows, `mapping` says which column means what, `vendors`
knows the exports of others.
"""

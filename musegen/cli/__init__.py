"""The command line: parse, call, print.

`app` puts the commands together and is the one place where errors are printed; each command is a
short file of its own. What is heavy is imported when a command runs, so that `--help` is quick.
"""

"""Mutated files for every reader: each is read, or refused by an error of ours.

``python -m tests.fuzz --inputs 100000`` is the nightly command. ``mutate`` spoils small
valid ``seeds``, ``readers`` is the table of what reads them, ``guard`` sees what no
reader may do, ``worker`` is the process in which it happens, ``watch`` starts it again
where it dies and counts.
"""

"""Power cuts: what a disk may hold when the power goes at any moment, and whether the queue still has it all.

A handheld scans and syncs once while a file system of ours writes down every write and every sync of its one database
(`recording`): the queue, and the map with its cursor. For each cut (`disk`) the files are laid on a real disk as they
might be: what was synced is there, of what was not each 512 bytes may be there or not. Then the handheld opens them as
it does in the morning (`cuts`).
"""

"""Everything goes wrong at once, and everything can be repeated: one seed is one simulated afternoon of faults.

`plan` draws who scans how much and every trouble with its moment; `world` lets it happen. In it run the real handhelds
(`device`: queue, mark, uploader with its pauses) and the real server (`server`: its WSGI application on SQLite); what
is simulated is time, the network between them (`network`), their disks (`disk`), their clocks and their chance. What
people truly did is written down by `witness`; `promises/` hold it, DESIGN.md's promises by number, against what is in
the queues and in the ledger. `shrink` makes a failing plan small, `teeth/` holds bugs that the checks have to find.
"""

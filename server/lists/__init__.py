"""Every list that can be taken out as a file: one module a noun, each with its `LISTS`.

To add one, add a file, or an entry to one: `server/exports.py` finds it, the console links to it with
`parts.exports(name)`, and the API has it.
"""

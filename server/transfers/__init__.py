"""Transfers between sites: an order at the one, an advance ship notice at the other, and what differs, at both."""

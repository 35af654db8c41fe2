"""Compare what should be there with what was seen: cycle counts bin by bin, and receipts against their notice."""

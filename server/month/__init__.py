"""The owner's month: what the shop held, lost, claimed and got back, as of any past moment."""

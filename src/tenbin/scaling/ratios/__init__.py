"""What the share of each language in the mix does to the loss in both: laws, the frontier, the share to choose."""

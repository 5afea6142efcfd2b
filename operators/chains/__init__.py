"""Option chains as they were quoted: contracts, their quotes as of an instant, the straddle that decides a move."""

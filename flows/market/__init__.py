"""The practice market: a day, recorded or simulated, over the vendor's own protocol on this machine, faults and all."""

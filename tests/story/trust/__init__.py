"""Approvals that deserve trust, tried as a whole: by chance, and by an attacker."""

"""Everything that must hold; the folders mirror the tree they test."""

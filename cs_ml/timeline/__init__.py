"""When we knew it: spine, windows, look-ups and purged splits; the only room where times are compared."""

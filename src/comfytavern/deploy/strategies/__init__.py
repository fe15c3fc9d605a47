"""How traffic moves from one release to the next: replace, rolling, blue_green, canary."""

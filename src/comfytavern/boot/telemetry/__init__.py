"""What is told to services that watch from outside. Nothing of theirs is imported unless a setting asks for it."""

"""What a graph is: values and pure functions. No I/O, no async."""

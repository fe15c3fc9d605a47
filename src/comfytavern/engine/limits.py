"""The numbers the engine is held to, in one place. Semantics, sections 4, 5 and 9."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds and time slices of a Runner; the defaults are the product's."""

    chunks: int = 64
    """Chunks a stream wire holds before its producer waits."""
    stream_bytes: int = 256 * 1024
    """Characters or bytes a stream wire holds before its producer waits."""
    slice_s: float = 0.003
    """How long inline nodes may hold the loop in one go."""
    inline_s: float = 0.005
    """An inline node that takes longer is logged, and its kind moves to threads."""
    flush_s: float = 1 / 60
    """Pause between two batches of events."""
    flush_nodes: int = 1536
    """Node changes in one batch at most, so that a flush stays short."""
    thread_grace_s: float = 2.0
    """How long a cancelled thread node is waited for before its result is given up."""
    call_depth: int = 32
    concurrency: int = 8
    """Items of a Map at once, unless it says otherwise."""
    iterations: int = 100
    """Iterations of a Loop, unless it says otherwise."""
    frames_kept: int = 2000
    """Finished frames (items, iterations) whose nodes a snapshot still shows."""
    kept_events: int = 50_000
    """Node changes and chunks kept for clients that come back; older ones are folded into one catch-up."""
    log_lines: int = 2000
    """Lines kept per run in the live run; the newest win."""
    value_key_bytes: int = 64 * 1024
    """Values up to this size have a key made of their content."""
    preview_chars: int = 2000
    """Longest text in a preview of an output."""
    preview_items: int = 100
    """Most items in a preview of a list or an object."""

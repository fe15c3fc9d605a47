"""`ctd`, the one thing that changes a host. Standard library only, Python 3.9 or newer, relative imports only.

It travels as one file (`pack.pack()`), is called over SSH once per step, answers in JSON lines and leaves again: nothing of it stays
running except a step whose caller went away. Every verb is idempotent, so the answer to every doubt is to ask again.

What is true on disk, and in which order it becomes true
    A file is replaced by writing beside it, fsync, rename, fsync of the folder (disk.write): it is the old one or the new one.
    A link is replaced by making a new one beside it and renaming it over the old one (disk.link).
    A release is assembled as `releases/<id>.part`; the rename to `releases/<id>` says: verified, installed, sealed, on the platter.
    A step is journalled (fsync) before it begins and after it ended; its result is stored before the second line. Power loss in
    between leaves a beginning without an end, and the next one who asks does the step again.
    What serves is state.json; everything under /run is made from it at boot. A switch renames one link in /run first (clients move),
    then writes state.json: power loss between the two brings the old release back at boot, and the step is asked for again.
    The fencing number grows before a lock changes hands, so a holder who lost the lock can change nothing more.
"""

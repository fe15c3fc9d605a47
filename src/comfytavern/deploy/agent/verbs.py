"""Every verb: where it is (imported only when it is asked for) and how it changes the host."""

from __future__ import annotations

READS = "reads"
"""Changes nothing that matters: no fence, no journal."""
CHANGES = "changes"
"""Needs a fence that still counts; journalled and audited."""
PREPARES = "prepares"
"""As CHANGES, but may come before there is any lock, or from the host itself at boot: a fence counts when given."""
LOCKS = "locks"
"""Decides about the fence itself."""

VERBS = {
    "facts": ("facts", READS),
    "session": ("session", READS),
    "certificate": ("certificate", READS),
    "lock_acquire": ("lock", LOCKS),
    "lock_renew": ("lock", LOCKS),
    "lock_release": ("lock", LOCKS),
    "lock_show": ("lock", READS),
    "lock_break": ("lock", LOCKS),
    "want": ("blobs", READS),
    "receive": ("blobs", READS),
    "stage": ("releases", CHANGES),
    "verify": ("verify", READS),
    "install": ("install", CHANGES),
    "image": ("image", CHANGES),
    "put": ("site", PREPARES),
    "site": ("site", CHANGES),
    "prepare": ("prepare", PREPARES),
    "backup": ("database", CHANGES),
    "migrate": ("database", CHANGES),
    "restore": ("database", CHANGES),
    "put_back": ("database", CHANGES),
    "backups": ("database", READS),
    "losses": ("database", READS),
    "gate_close": ("gate", CHANGES),
    "gate_stop": ("gate", CHANGES),
    "gate_back": ("gate", CHANGES),
    "gate_open": ("gate", CHANGES),
    "db_status": ("database", READS),
    "start_slot": ("slots", CHANGES),
    "stop_slot": ("slots", CHANGES),
    "abandon": ("slots", CHANGES),
    "tidy": ("tidy", CHANGES),
    "bake": ("bake", CHANGES),
    "drain": ("slots", CHANGES),
    "undrain": ("slots", CHANGES),
    "ready": ("probe", READS),
    "smoke": ("probe", READS),
    "steady": ("steady", READS),
    "metrics": ("probe", READS),
    "status": ("slots", READS),
    "survey": ("survey", READS),
    "logs": ("slots", READS),
    "switch": ("switch", CHANGES),
    "setw": ("switch", CHANGES),
    "flip": ("switch", CHANGES),
    "restore_links": ("switch", PREPARES),
    "boot": ("boot", PREPARES),
    "execute": ("launch", READS),
    "commit": ("ledger", CHANGES),
    "ledger": ("ledger", READS),
    "gc": ("retention", CHANGES),
    "audit": ("audit", READS),
    "audit_verify": ("audit", READS),
}
QUIET = frozenset({"drain", "undrain"})
"""Asked for so often that the journal tells enough; the audit leaves them out."""
SENT = frozenset({"put"})
"""Verbs that change something by what the caller sends on stdin."""

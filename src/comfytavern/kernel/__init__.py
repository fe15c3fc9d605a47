"""The ground floor: ids, clock, errors, events, secrets, paging. No I/O, no async, no business; closed."""

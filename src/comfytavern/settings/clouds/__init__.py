"""Values that are kept by a cloud's own service: references to them, one round that fetches them all, and what can go wrong.

reference.py reads references, refusal.py words failures, round.py asks everybody at once before one deadline, fill.py puts the answers
where the references stood. aws.py, azure.py and google.py are the only files that know an SDK; each imports it when it is asked the
first time.
"""

"""Files by logical address (`user://…`, `shared://…`, `project://…`). Door: library.py (`Library`)."""

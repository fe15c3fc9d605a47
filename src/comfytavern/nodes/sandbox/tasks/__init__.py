"""What a worker can be asked to do. Each file has `run(payload) -> value`; a `Refusal` says what is wrong."""

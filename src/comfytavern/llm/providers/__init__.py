"""Room llm/providers."""

"""programs/openai_client."""

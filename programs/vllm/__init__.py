"""programs/vllm."""

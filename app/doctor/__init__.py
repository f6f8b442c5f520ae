"""app/doctor."""

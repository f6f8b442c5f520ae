"""What `accord doctor` looks at."""

from .run import examine
from .terminal import DoctorPage

__all__ = [
    "DoctorPage",
    "examine",
]

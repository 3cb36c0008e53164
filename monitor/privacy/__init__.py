"""What is kept of the people who wrote: their names or pseudonyms, their addresses and numbers or none."""

from monitor.privacy.keeping import Privacy
from monitor.privacy.pseudonyms import Pseudonyms

__all__ = ["Privacy", "Pseudonyms"]

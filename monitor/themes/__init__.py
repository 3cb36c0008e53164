"""What posts are about: themes, each a phrase with the posts that say it."""

from monitor.themes.finding import Both, both, themes
from monitor.themes.theme import Theme

__all__ = ["Both", "Theme", "both", "themes"]

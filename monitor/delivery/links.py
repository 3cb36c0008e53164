"""Where people open the pages, for links in what is sent."""

from monitor.settings import Settings


def base_address(settings: Settings) -> str | None:
    """`https://brand.example.com`: MONITOR_WEB_URL, else made of the first of MONITOR_WEB_NAMES; None where
    neither is set."""
    if settings.web_url:
        return settings.web_url.rstrip("/")
    name = next((each.strip() for each in settings.web_names.split(",") if each.strip()), None)
    if name is None or "*" in name:
        return None
    return f"https://{name}" if settings.web_https else f"http://{name}:{settings.web_port}"

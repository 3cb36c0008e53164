"""What a worker keeps of a mention, as the settings want it. The worker is the one place where it is decided:
whatever came over Kafka, nothing else is stored."""

from collections.abc import Callable

from monitor.privacy.addresses import id_without_names, without_names
from monitor.privacy.contacts import without_contacts
from monitor.privacy.pseudonyms import Pseudonyms
from monitor.settings import Authors, Redact, Settings


class Privacy:
    """The settings `authors` and `redact`, applied. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        """Raises `SetupError` where the key is missing or too short."""
        self.pseudonyms = Pseudonyms.of(settings)
        self._hides_authors = settings.authors is Authors.PSEUDONYMOUS
        self._hides_contacts = settings.redact is Redact.CONTACTS

    @property
    def keeps_heads(self) -> bool:
        """Whether the first bytes of a dead letter may be stored: nobody has looked into them."""
        return not (self._hides_authors or self._hides_contacts)

    def author(self, source: str, author: str | None) -> str | None:
        """The author as stored."""
        if not self._hides_authors or not author or self.pseudonyms is None:
            return author
        return self.pseudonyms(source, author)

    def address(self, source: str, address: str | None, author: str | None) -> str | None:
        """Where to read the mention, as stored; `author` as it was sent."""
        pseudonyms = self.pseudonyms
        if not self._hides_authors or not address or pseudonyms is None:
            return address
        return without_names(address, author, lambda name: pseudonyms(source, name))

    def id(self, source: str, id: str) -> str:
        """A platform's id of a post as collectors publish it."""
        pseudonyms = self.pseudonyms
        if not self._hides_authors or pseudonyms is None:
            return id
        return id_without_names(id, lambda name: pseudonyms(source, name))

    def ids(self, source: str, id: str) -> tuple[str, ...]:
        """By which a post with this id may be stored: collectors hide names in it, others do not."""
        return tuple(dict.fromkeys((id, self.id(source, id))))

    def account(self, source: str, id: str) -> str:
        """A platform's id of an account as stored, which may be the author's name there."""
        if not self._hides_authors or self.pseudonyms is None:
            return id
        return self.pseudonyms.of_account(source, id)

    def text(self, text: str, language: Callable[[], str]) -> str:
        """The text or caption as stored, which is the one that is read; `language` as `without_contacts`
        wants it."""
        return without_contacts(text, language) if self._hides_contacts else text

"""Our own training sentences: labels where they belong, spans where names are, nothing told by dress."""

import re
from collections import Counter

from training.data.own_sentences import (
    NAMES,
    OWN,
    OWN_TARGETS,
    SLOT,
    load_patterns,
    own_sentences,
    patterns,
)
from training.data.texts import LABELS, Example


def test_point_at_their_targets_and_have_all_labels() -> None:
    first = own_sentences(1)
    assert first == own_sentences(1) != own_sentences(2)
    train, dev = own_sentences(1, "train"), own_sentences(1, "dev")
    book = load_patterns()
    subjects = {subject.casefold() for subject in [*book["names"], *book["things"]]}
    for name, whole in first.items():
        assert sorted(map(repr, train[name] + dev[name])) == sorted(map(repr, whole))
        assert len(set(whole)) == len(whole)
        assert {one.label for one in whole} == {one.label for one in dev[name]} == set(LABELS.values())
        assert not any("{" in one.text for one in whole)
    assert all(one.target is None for one in first[OWN])
    for one in first[OWN_TARGETS]:
        assert one.target is not None
        assert one.text[slice(*one.target)].casefold() in subjects


def test_every_slot_is_known_and_no_pattern_stands_twice() -> None:
    book = load_patterns()
    texts = [pattern for pattern, _ in patterns(book)]
    # A pattern may stand twice to be drawn more often, but only under one label.
    labels = {pattern: {label for other, label in patterns(book) if other == pattern} for pattern in texts}
    assert [pattern for pattern, found in labels.items() if len(found) > 1] == []
    templates = [*texts, *book["heads"], *book["tails"], *book["filler"]]
    templates += [word for words in book["words"].values() for word in words]
    slots = {slot for template in templates for slot in SLOT.findall(template)}
    assert slots <= NAMES | set(book["words"])
    assert set(book["words"]) <= slots, "a list that nothing draws from"


def test_a_word_that_stands_twice_is_two_words() -> None:
    good = "|".join(map(re.escape, load_patterns()["words"]["good"]))
    framed = (re.search(rf" is ({good}) and ({good})$", one.text) for one in own_sentences(1)[OWN])
    pairs = [found.groups() for found in framed if found]
    assert len(pairs) > 5
    assert all(one != other for one, other in pairs)


def test_two_verdicts_in_one_sentence_are_two_labels_toward_names_and_none_of_the_whole() -> None:
    made = own_sentences(1)
    toward: dict[str, set[int]] = {}
    for one in made[OWN_TARGETS]:
        toward.setdefault(one.text, set()).add(one.label)
    both = {text for text, labels in toward.items() if labels >= {LABELS["neg"], LABELS["pos"]}}
    assert len(both) > 500
    assert sum(one.text in both for one in made[OWN]) < 0.05 * len(both)


def _share(examples: list[Example], label: int, dress: str) -> float:
    of = [one for one in examples if one.label == label]
    return sum(bool(re.search(dress, one.text)) for one in of) / len(of)


def test_links_tags_handles_and_length_tell_little_about_the_label() -> None:
    for examples in own_sentences(1).values():
        counts = Counter(one.label for one in examples)
        assert max(counts.values()) < 1.5 * min(counts.values()), counts
        for dress in ("http", "#", "@", "^RT ", ".{400}"):
            shares = [_share(examples, label, dress) for label in LABELS.values()]
            assert max(shares) - min(shares) < 0.12, (dress, shares)

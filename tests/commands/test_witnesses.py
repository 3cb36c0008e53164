"""What `brands try` says of a picture: by what it shows a brand, by what not, and no two equal numbers with
different outcomes."""

from monitor.commands.witnesses import told
from monitor.logos.evidence import Look, Lost, Name, Veto
from monitor.logos.finder import Found
from monitor.logos.words.lines import TextLine
from monitor.logos.words.names import Letters
from monitor.messages import Box, Detection, Evidence

PLACE = Box(0.1, 0.1, 0.3, 0.2)
CORNERS = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.3), (0.1, 0.3))


def shows(
    brand: str,
    score: float,
    evidence: Evidence,
    look: float | None = None,
    letters: float | None = None,
    line: str | None = None,
) -> Detection:
    return Detection(
        brand=brand, score=score, box=PLACE, evidence=evidence, look=look, letters=letters, line=line
    )


def line(text: str, score: float = 0.98) -> TextLine:
    return TextLine(text, score, CORNERS)


def name(brand: str, matched: str, whole_line: str, errors: int = 0, everyday: bool = False) -> Name:
    whole = matched == whole_line
    return Name(brand, matched, whole_line, 0.98, PLACE, errors=errors, whole=whole, everyday=everyday)


def test_each_detection_says_by_what_it_was_found() -> None:
    names = (name("Docker", "docker", "docker 2026"), name("Kong", "Komg", "Komg", errors=1))
    found = Found(
        detections=(
            shows("Docker", 0.99, "both", look=0.62, letters=0.98, line="docker 2026"),
            shows("Kong", 0.91, "letters", letters=0.98, line="Komg"),
            shows("Nike", 0.84, "look", look=0.74),
            shows("Cloudera", 0.8, "both", look=0.52, letters=0.9, line="ciouoera"),
        ),
        looks=(
            Look("Docker", 0.62, 0.714, PLACE, "gallery"),
            Look("Nike", 0.74, 0.58, PLACE),
            Look("Cloudera", 0.52, 0.487, PLACE),
        ),
        letters=Letters(names, (line("docker 2026"), line("Komg"), line("ciouoera", 0.9))),
    )
    assert list(told(found)) == [
        "Docker 0.99, by look and letters: score 0.620, threshold 0.714 (gallery); "
        "reads “docker” (0.98) in “docker 2026”",
        "Kong 0.91, by its letters: reads “Komg” (0.98, 1 letter off)",
        "Nike 0.84, by its look: score 0.740, threshold 0.580 (trained)",
        "Cloudera 0.80, by look and letters: score 0.520, threshold 0.487 (trained); reads “ciouoera” (0.90)",
        "reads “docker 2026”, “Komg”, “ciouoera”",
    ]


def test_what_does_not_count_says_why() -> None:
    vetoed, rival = Look("VMware", 0.71, 0.62, PLACE), Look("Acme", 0.9, 0.714, PLACE, "gallery")
    alone = Look("Pepsi", 0.6, 0.578, PLACE)
    shown = shows("Nike", 0.95, "look", look=0.9)
    names = (
        name("Target", "target", "on target for growth", everyday=True),
        name("Docker", "dokter", "dokter", errors=2),
    )
    found = Found(
        detections=(shown,),
        vetoes=(Veto(vetoed, line("SUPERMICRO")),),
        lost=(Lost(rival, shown),),
        looks=(Look("Nike", 0.9, 0.58, PLACE), vetoed, rival, alone),
        letters=Letters(names, ()),
    )
    assert list(told(found))[1:] == [
        "not VMware: looks like it (score 0.710, threshold 0.620 (trained)), but reads “SUPERMICRO”",
        "not Acme: looks like it (score 0.900, threshold 0.714 (gallery)), but Nike has the better claim to "
        "that place (0.95)",
        "not Target: reads “target” (0.98) in “on target for growth”, an everyday word: it counts as a whole "
        "line, or where the logo is seen with it",
        "not Docker: reads “dokter” (0.98, 2 letters off), not sure enough",
        "not Pepsi: looks like it (score 0.600, threshold 0.578 (trained)), but the letters in the picture "
        "name Target, Docker",
    ]
    alone_there = list(told(Found((), looks=(alone,), letters=Letters((), ()))))
    assert alone_there[1].endswith("(trained)), but its letters are not there")


def test_equal_numbers_have_equal_outcomes() -> None:
    under, at = Look("Acme", 0.8112, 0.8113, PLACE, "gallery"), Look("Acme", 0.8113, 0.8113, PLACE, "gallery")
    assert list(told(Found((), looks=(under,)))) == [
        "no watched brand",
        "near: Acme score just under 0.811, threshold 0.811 (gallery)",
    ]
    found = Found((shows("Acme", 0.5, "look", look=at.score),), looks=(under, at))
    assert list(told(found)) == ["Acme 0.50, by its look: score 0.811, threshold 0.811 (gallery)"]


def test_only_what_comes_near_is_told_strongest_first() -> None:
    looks = [
        Look(brand, score, 0.6, PLACE)
        for brand, score in (("Far", 0.3), ("B", 0.5), ("A", 0.42), ("A", 0.55), ("C", 0.45), ("D", 0.43))
    ]
    (none, near) = told(Found((), looks=tuple(looks)))
    assert none == "no watched brand"
    assert [part.split()[0] for part in near.removeprefix("near: ").split("; ")] == ["A", "B", "C"]


def test_a_page_of_print_is_not_printed_again() -> None:
    lines = tuple(line(f"line {number}") for number in range(100))
    (*_, reads) = told(Found((), letters=Letters((), lines)))
    assert reads.endswith("“line 11” and 88 more lines")


def test_letters_that_could_not_be_read_are_told() -> None:
    assert "letters not read: RuntimeError: out of memory" in list(
        told(Found((), unread="RuntimeError: out of memory"))
    )

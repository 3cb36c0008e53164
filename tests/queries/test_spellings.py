"""Every spelling, and the canonical form that it is printed back in."""

import pytest

from monitor.queries import parse
from monitor.texts import Term


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("apple", "apple"),
        ("apple AND juice", "apple AND juice"),
        ("apple juice", "apple AND juice"),
        ("apple and juice or pear", "apple AND juice OR pear"),
        ("apple And juice", "apple AND juice"),
        ("ａｐｐｌｅ ＡＮＤ juice", "ａｐｐｌｅ AND juice"),
        ("apple OR juice", "apple OR juice"),
        ("apple NOT juice", "apple AND NOT juice"),
        ("apple AND NOT juice", "apple AND NOT juice"),
        ("apple and not juice", "apple AND NOT juice"),
        ("apple OR NOT juice", "apple OR NOT juice"),
        ("apple -juice", "apple AND NOT juice"),
        ("apple AND -juice", "apple AND NOT juice"),
        ("apple \u2013juice", "apple AND NOT juice"),
        ("apple \u2014juice", "apple AND NOT juice"),
        ("apple \u2212juice", "apple AND NOT juice"),
        ('apple -"apple juice"', 'apple AND NOT "apple juice"'),
        ("apple -(juice OR pie)", "apple AND NOT (juice OR pie)"),
        ("apple -site:bild.de", "apple AND NOT site:bild.de"),
        ("apple NOT NOT juice", "apple AND juice"),
        ("NOT (NOT (NOT apple))", "NOT apple"),
        ("-apple", "NOT apple"),
        # Precedence: NEAR, NOT, AND, OR.
        ("a OR b c OR d", "a OR b AND c OR d"),
        ("a AND b OR c AND d", "a AND b OR c AND d"),
        ("(a OR b) c", "(a OR b) AND c"),
        ("a AND (b OR c)", "a AND (b OR c)"),
        ("a AND (b AND (c AND d))", "a AND b AND c AND d"),
        ("a OR (b OR (c))", "a OR b OR c"),
        ("((((a))))", "a"),
        ("NOT a NEAR/3 b", "NOT (a NEAR/3 b)"),
        ("x NOT a NEAR/3 b", "x AND NOT (a NEAR/3 b)"),
        ("a NEAR/3 b c NEAR/4 d", "a NEAR/3 b AND c NEAR/4 d"),
        ("NOT a b", "NOT a AND b"),
        # Proximity.
        ("apple NEAR/5 watch", "apple NEAR/5 watch"),
        ("apple near/5 watch", "apple NEAR/5 watch"),
        ("apple NEAR/0 watch", "apple NEAR/0 watch"),
        ("apple NEAR/100 watch", "apple NEAR/100 watch"),
        ("apple NEAR watch", "apple NEAR/4 watch"),
        ("apple ONEAR watch", "apple ONEAR/4 watch"),
        ("apple ONEAR/5 watch", "apple ONEAR/5 watch"),
        ("apple onear/5 watch", "apple ONEAR/5 watch"),
        ("apple NEAR/5f watch", "apple ONEAR/5 watch"),
        ("apple NEAR/5F watch", "apple ONEAR/5 watch"),
        (
            "((apple OR orange) NEAR/5 (smartphone OR phone))",
            "(apple OR orange) NEAR/5 (smartphone OR phone)",
        ),
        ("((apple OR orange) AND (smartphone OR phone))~5", "(apple OR orange) NEAR/5 (smartphone OR phone)"),
        ("(a AND b AND c)~2", "(a NEAR/2 b) NEAR/2 c"),
        ("a NEAR/1 b NEAR/2 c", "(a NEAR/1 b) NEAR/2 c"),
        ("a NEAR/1 (b NEAR/2 c)", "a NEAR/1 (b NEAR/2 c)"),
        ('"apple juice"~5', "apple NEAR/5 juice"),
        ('"apple orange juice"~5', "(apple NEAR/5 orange) NEAR/5 juice"),
        ('"Ben & Jerry"~3', "Ben NEAR/3 Jerry"),
        ("“apple juice”～5", "apple NEAR/5 juice"),
        ("near/4:James,Shaffer", "James NEAR/4 Shaffer"),
        ('near/4:"bank of america", loan OR x', '"bank of america" NEAR/4 loan OR x'),
        ("onear/4:a1,b1,c1", "(a1 ONEAR/4 b1) ONEAR/4 c1"),
        ("near/4f:a1,b1", "a1 ONEAR/4 b1"),
        ('near20:"trump putin"', "trump NEAR/20 putin"),
        # Phrases and wildcards.
        ('"apple juice"', '"apple juice"'),
        ("“apple juice”", '"apple juice"'),
        ("„apple juice“", '"apple juice"'),
        ("«apple juice»", '"apple juice"'),
        ("＂apple juice＂", '"apple juice"'),
        ('"apple\n  juice"', '"apple juice"'),
        ("»apple juice«", '"apple juice"'),
        ('"the «best» juice"', '"the «best» juice"'),
        ('“apple juice"', '"apple juice"'),
        ("«the “best” juice»", '"the \\“best\\” juice"'),
        ('"apple"', "apple"),
        ('"or"', '"or"'),
        ('"AND"', '"AND"'),
        ('"near"', '"near"'),
        ("complain*", "complain*"),
        ('"apple orchard*"', '"apple orchard*"'),
        ('"apple orchard"*', '"apple orchard*"'),
        ("customi?e", "customi?e"),
        ("reali?ation*", "reali?ation*"),
        ('"who\\?"', '"who\\?"'),
        ('"E\\*TRADE"', '"E\\*TRADE"'),
        ('"say \\"hi\\" now"', '"say \\"hi\\" now"'),
        ('"C:\\\\temp"', '"C:\\\\temp"'),
        ('"C:\\temp"', '"C:\\\\temp"'),
        # Names as they are written.
        ("AT&T", "AT&T"),
        ("AT&amp;T", '"AT&amp;T"'),
        ("C++", "C++"),
        ('"Ben & Jerry\'s"', '"Ben & Jerry\'s"'),
        ('"Ben & Jerry’s"', '"Ben & Jerry’s"'),
        ("McDonald's", "McDonald's"),
        ("#gap", "#gap"),
        ("@gap", "@gap"),
        ("$TWTR", '"$TWTR"'),
        ("coca-cola", "coca-cola"),
        ("Yahoo!", '"Yahoo!"'),
        ("good service. Nike; D.C. 好吃。", "good AND service AND Nike AND D.C AND 好吃"),
        ('"Inc." OR vm*.', '"Inc." OR vm*'),
        ('"Tyler, the Creator"', '"Tyler, the Creator"'),
        ("😀", "😀"),
        ("👍🏽", '"👍🏽"'),
        ("スズキ OR 喜欢 OR 현대 OR नाइकी OR ناي", "スズキ OR 喜欢 OR 현대 OR नाइकी OR ناي"),
        ("12:30", '"12:30"'),
        ("near me", '"near" AND me'),
        # Case.
        ("raw:Apple", 'raw:"Apple"'),
        ('raw:"Apple Watch"', 'raw:"Apple Watch"'),
        ('raw:"E*TRADE?"', 'raw:"E*TRADE?"'),
        ("raw:(Apple OR Gap)", 'raw:"Apple" OR raw:"Gap"'),
        ("raw:Google+", 'raw:"Google+"'),
        ("{BT}", 'raw:"BT"'),
        ("{Apple Watch} x", 'raw:"Apple Watch" AND x'),
        ("++Apple", 'raw:"Apple"'),
        ('++"Apple Watch"', 'raw:"Apple Watch"'),
        ("+apple +juice", "apple AND juice"),
        ('+"apple juice"', '"apple juice"'),
        # Fields.
        ("author:ladygaga", "author:ladygaga"),
        ("author:@ladygaga", "author:ladygaga"),
        ('author:"lady gaga"', 'author:"lady gaga"'),
        ("from:NASA", "author:NASA"),
        ("From: NASA", "author:NASA"),
        ("author:(a1 OR b1)", "author:a1 OR author:b1"),
        ("site:bild.de", "site:bild.de"),
        ("site:www.Bild.de", "site:bild.de"),
        ("site:”http://www.wort.lu”", "site:wort.lu"),
        ("site:https://bild.de/", "site:bild.de"),
        ("site:xn--mnchen-3ya.de", 'site:"münchen.de"'),
        ("site:(bild.de OR welt.de)", "site:bild.de OR site:welt.de"),
        ("site:(bild.de, welt.de) x", "(site:bild.de OR site:welt.de) AND x"),
        ("-site:(bild.de OR welt.de)", "NOT (site:bild.de OR site:welt.de)"),
        ("domain:cnn.com domainis:un.org", "site:cnn.com AND site:un.org"),
        ("domain_url:cnn.com OR host_url:cnn.com", "site:cnn.com OR site:cnn.com"),
        ("topLevelDomain:org", "site:org"),
        ("lang:en", "lang:en"),
        ("language:EN", "lang:en"),
        ("lang:en-GB", "lang:en"),
        ("lang:zh_Hant", "lang:zh"),
        ("sourcelang:spanish", "lang:es"),
        ("sourcelang:spa -sourcelang:deu", "lang:es AND NOT lang:de"),
        (
            "lang:iw OR lang:nb OR lang:cmn OR lang:tl OR lang:und",
            "lang:he OR lang:no OR lang:zh OR lang:fil OR lang:und",
        ),
        ("lang：de", "lang:de"),
        ("source: twitter OR source:forum", "source:twitter OR source:forum"),
        ("image:VMware", "image:VMware"),
        ('image:"Red Bull" OR "red bull"', 'image:"Red Bull" OR "red bull"'),
        # Layout.
        ("（apple OR pear） juice", "(apple OR pear) AND juice"),
        ("  apple\n\tAND\u00a0juice\u3000\u200b\ufeff", "apple AND juice"),
        ("apple <<<the fruit>>> juice", "apple AND juice"),
        ("<<<all of it>>> apple", "apple"),
        ("apple AND(juice OR jam)", "apple AND (juice OR jam)"),
        ('NOT"apple"', "NOT apple"),
        ('apple"juice"', "apple AND juice"),
        ("apple^9 AND (juice OR jam)^2.5", "apple AND (juice OR jam)"),
        ('"apple juice"^3', '"apple juice"'),
    ],
)
def test_a_spelling_is_printed_back_canonically(written: str, canonical: str) -> None:
    query = parse(written)
    assert str(query) == canonical
    assert parse(str(query)) == query


def test_terms_are_what_the_wildcards_say() -> None:
    query = parse('vm* "red bul*" customi?e raw:"Apple" "who\\?" vm*')
    assert query.terms == (
        Term("vm", prefix=True),
        Term("red bul", prefix=True),
        Term("customi?e", wild=True),
        Term("Apple", exact=True),
        Term("who?"),
    )


def test_words_keep_the_case_they_are_written_in() -> None:
    assert str(parse("Apple apple APPLE")) == "Apple AND apple AND APPLE"


def test_whole_queries_of_help_pages_are_read() -> None:
    """Whole queries as their help pages show them."""
    assert (
        str(parse('apple AND (watch OR iwatch) NOT ("apple sauce" OR "apple juice" OR "apple orchard*")'))
        == 'apple AND (watch OR iwatch) AND NOT ("apple sauce" OR "apple juice" OR "apple orchard*")'
    )
    assert (
        str(parse("(((Christmas OR Xmas) NEAR/2 (Gift OR Present)) NEAR/2 (wife OR “girl friend”))"))
        == '((Christmas OR Xmas) NEAR/2 (Gift OR Present)) NEAR/2 (wife OR "girl friend")'
    )
    assert str(parse('("X API" OR #v2) -"recent search"')) == '("X API" OR #v2) AND NOT "recent search"'
    assert (
        str(parse("(grumpy cat) OR (#meme -from:cats) lang:en"))
        == "grumpy AND cat OR #meme AND NOT author:cats AND lang:en"
    )
    assert str(parse("(clinton OR sanders OR trump) -sourcelang:spanish")) == (
        "(clinton OR sanders OR trump) AND NOT lang:es"
    )
    assert str(parse("BMW AND NOT bike chocolate -swiss")) == "BMW AND NOT bike AND chocolate AND NOT swiss"

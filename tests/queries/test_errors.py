"""What is refused: where, why, whose spelling it is and what to write instead."""

import pytest

from monitor.queries import QueryError, parse


@pytest.mark.parametrize(
    ("written", "line", "column", "said"),
    [
        ("", 1, 1, "the query is empty"),
        ("  \n\u3000", 1, 1, "the query is empty"),
        ("<<<nothing>>>", 1, 1, "the query is empty"),
        # Structure.
        ("a OR OR b", 1, 6, "'OR' stands directly behind 'OR'"),
        ("a AND OR b", 1, 7, "'OR' stands directly behind 'AND'"),
        ("AND a", 1, 1, "'AND' stands at the beginning"),
        ("OR", 1, 1, "'OR' stands at the beginning"),
        ("NEAR/3 a", 1, 1, "'NEAR/3' stands at the beginning"),
        ("a AND", 1, 3, "the query ends with 'AND'"),
        ("a NOT", 1, 3, "the query ends with 'NOT'"),
        ("a NEAR/3", 1, 3, "the query ends with 'NEAR/3'"),
        ("a AND (b OR)", 1, 12, "')' stands directly behind 'OR'"),
        ("()", 1, 2, "')' stands directly behind '('"),
        ("a ()", 1, 4, "')' stands directly behind '('"),
        ("(a", 1, 1, "never closed"),
        ("x (a (b)", 1, 3, "never closed"),
        ("（a", 1, 1, "never closed"),
        ("a)", 1, 2, "never opened"),
        ("(a)) b", 1, 4, "never opened"),
        (":)", 1, 1, "nothing to look for in ':'"),
        ('"abc', 1, 1, "this quote is never closed"),
        ('a OR\n b "c', 2, 4, "this quote is never closed"),
        ('5" screen', 1, 2, "this quote is never closed"),
        ('a\nb\n  c OR AND "d"', 3, 8, "'AND' stands directly behind 'OR'"),
        ('"abc\\"', 1, 1, "this quote is never closed"),
        ('\\"apple\\"', 1, 1, "a backslash before a quote"),
        ("<<<apple", 1, 1, "this comment never ends"),
        ("{apple", 1, 1, "this brace is never closed"),
        ("'apple juice'", 1, 1, "single quotes"),
        ("x ‘apple juice’", 1, 3, "single quotes"),
        ("apple, orange", 1, 6, "a comma joins nothing here"),
        ("apple，orange", 1, 6, "a comma joins nothing here"),
        ("a & b", 1, 3, "& joins nothing here"),
        ("a && b", 1, 3, "& joins nothing here"),
        ("a | b", 1, 3, "| joins nothing here"),
        ("a || b", 1, 3, "| joins nothing here"),
        ("apple not juice", 1, 7, "may be the operator or a word of the text"),
        ("not happy", 1, 1, "may be the operator or a word of the text"),
        ("to be or not to be", 1, 10, "may be the operator or a word of the text"),
        ("Not apple", 1, 1, "may be the operator or a word of the text"),
        ("!apple", 1, 1, "an exclamation mark"),
        ('x !"apple"', 1, 3, "an exclamation mark"),
        # What other tools write, and what would be taken for words.
        ("apple w/5 juice", 1, 7, "near each other are asked for otherwise"),
        ("apple W/10 juice", 1, 7, "near each other are asked for otherwise"),
        ("apple WITHIN/5 juice", 1, 7, "near each other are asked for otherwise"),
        ("apple PRE/3 juice", 1, 7, "near each other are asked for otherwise"),
        ("(apple OR pear) /1 juice", 1, 17, "near each other are asked for otherwise"),
        ("apple /s juice", 1, 7, "near each other are asked for otherwise"),
        ("apple NEAR5 juice", 1, 7, "near each other are asked for otherwise"),
        ("apple near5 juice", 1, 7, "near each other are asked for otherwise"),
        ("apple ADJ2 juice", 1, 7, "near each other are asked for otherwise"),
        ("NEAR2(apple juice)", 1, 1, "near each other are asked for otherwise"),
        ("apple NEAR 5 juice", 1, 7, "NEAR wants its number behind a slash"),
        ("apple ONEAR 12 juice", 1, 7, "ONEAR wants its number behind a slash"),
        ("TITLE(apple) juice", 1, 1, "TITLE( is no operator here"),
        ("apple AND NOT BY_TWITTER(@juice)", 1, 15, "BY_TWITTER( is no operator here"),
        ("apple|juice", 1, 1, "| joins nothing here"),
        ("apple~0.8", 1, 1, "words that only look alike"),
        ("&quot;apple juice&quot;", 1, 1, "as HTML writes it"),
        ("apple &amp; juice", 1, 7, "& joins nothing here"),
        ("hashtag:apple", 1, 1, "hashtags are words of the text"),
        ("at_mentions:apple", 1, 1, "handles are words of the text"),
        ('"apple *"', 1, 1, "stands for the rest of a word"),
        ("apple-*", 1, 1, "stands for the rest of a word"),
        ("@apple_*", 1, 1, "stands for the rest of a word"),
        # Nothing to look for.
        ("-", 1, 1, "a dash by itself"),
        ("a - b", 1, 3, "a dash by itself"),
        ("(a -)", 1, 4, "a dash by itself"),
        ("apple – juice", 1, 7, "a dash by itself"),
        ("+", 1, 1, "a plus by itself"),
        ("++ a", 1, 1, "a plus by itself"),
        ('""', 1, 1, "nothing to look for in ''"),
        ('a "-"', 1, 3, "nothing to look for in '-'"),
        ('"..."', 1, 1, "nothing to look for in '...'"),
        ("...", 1, 1, "nothing to look for in '...'"),
        ('"\u200b\u3164"', 1, 1, "nothing to look for"),
        ("a----b", 1, 1, "'a----b' is found nowhere, not even where it stands alone"),
        ('x "a - - b"', 1, 3, "is found nowhere, not even where it stands alone"),
        ("\u0e31", 1, 1, "nothing to look for"),
        ("raw:-", 1, 5, "nothing to look for in '-'"),
        ("{}", 1, 1, "nothing to look for in ''"),
        ("a\0b", 1, 2, "is no character that a database takes"),
        ("ab\ud800", 1, 3, "is no character that a database takes"),
        # Wildcards.
        ("*", 1, 1, "2 letters or more before it"),
        ('"*"', 1, 1, "2 letters or more before it"),
        ("?", 1, 1, "2 letters or more before it"),
        ("a*", 1, 1, "2 letters or more before it"),
        ("x OR c?t", 1, 6, "2 letters or more before it"),
        ("??", 1, 1, "2 letters or more before it"),
        ('"?*"', 1, 1, "2 letters or more before it"),
        ("*apple", 1, 1, "* stands at the end of a word only"),
        ("D*C*", 1, 1, "* stands at the end of a word only"),
        ("apple**", 1, 1, "* stands at the end of a word only"),
        ('"the * time"', 1, 1, "* stands at the end of a word only"),
        ('"who\\? wh?t"', 1, 1, "? is a wildcard and a sign in one term"),
        # Proximity.
        ("a NEAR/101 b", 1, 3, "101 words between are more than 100"),
        ("a NEAR/100000 b", 1, 3, "100000 words between are more than 100"),
        ("a NEAR/99999999999999999999999999 b", 1, 3, "are more than 100"),
        ('"a b"~1000', 1, 1, "1000 words between are more than 100"),
        ("near/500:a,b", 1, 1, "500 words between are more than 100"),
        ("a NEAR/ b", 1, 3, "'NEAR/' has no number of words"),
        ("a NEAR/x b", 1, 3, "'NEAR/x' has no number of words"),
        ("a NEAR/-1 b", 1, 3, "'NEAR/-1' has no number of words"),
        ("a NEAR/5x b", 1, 3, "'NEAR/5x' has no number of words"),
        ("a NEAR/3 NOT b", 1, 10, "'NOT' stands directly behind 'NEAR/3'"),
        ("a NEAR/3 -b", 1, 10, "'-' stands directly behind 'NEAR/3'"),
        ("a NEAR/3 (NOT b)", 1, 3, "NEAR/3 joins words, phrases and groups"),
        ("a NEAR/3 (b AND c)", 1, 3, "NEAR/3 joins words, phrases and groups"),
        ("a NEAR/3 (b OR (c d))", 1, 3, "NEAR/3 joins words, phrases and groups"),
        ("lang:en NEAR/3 b", 1, 9, "NEAR/3 joins words, phrases and groups"),
        ('image:"Red Bull" NEAR b', 1, 18, "NEAR joins words, phrases and groups"),
        ("(a OR b)~5", 1, 9, "wants two or more groups in it, joined by AND"),
        ("(a AND -b)~5", 1, 11, "~5 joins words, phrases and groups"),
        ('"apple"~2', 1, 1, "two words or more in it, and a number"),
        ('"apple juice"~', 1, 1, "two words or more in it, and a number"),
        ('"- ..."~2', 1, 1, "two words or more in it, and a number"),
        ("roam~1", 1, 1, "look alike"),
        ("carsharing~", 1, 1, "look alike"),
        ("a ~5", 1, 3, "~ stands behind a phrase or a parenthesis"),
        ("(a b)~", 1, 6, "~ stands behind a phrase or a parenthesis"),
        ("near/4:apple", 1, 1, "near/4: wants two words or more"),
        ("near/4:", 1, 8, "a word or a phrase is missing"),
        ("near/4:a,", 1, 10, "a word or a phrase is missing"),
        ("near/4:(a b),c", 1, 8, "a word or a phrase is missing"),
        ('near20:"trump"', 1, 1, "two words or more in it, and a number"),
        # Fields.
        ("foo:bar", 1, 1, "'foo:' is no field of a mention"),
        ("x re:Invent", 1, 3, "'re:' is no field of a mention"),
        ("author:", 1, 1, "'author:' has no value"),
        ("a author: ", 1, 3, "'author:' has no value"),
        ("(site:)", 1, 2, "'site:' has no value"),
        ('author:""', 1, 8, "author: wants a value"),
        ("author:@", 1, 8, "author: wants a value"),
        ("site:http://", 1, 6, "site: wants a value"),
        ("site:bild.de/sport", 1, 6, "site: wants a host"),
        ("site:http://www.cnet.com/news/", 1, 6, "site: wants a host"),
        ('site:"[::1]"', 1, 6, "site: wants a value"),
        ("author:bbc*", 1, 8, "author: takes no wildcards"),
        ("raw:App*", 1, 5, "raw: takes no wildcards"),
        ("lang:klingon", 1, 6, "'klingon' is no code of a language"),
        ("lang:e", 1, 6, "'e' is no code of a language"),
        ("lang:en,de", 1, 8, "a comma joins nothing here"),
        ("site:(bild.de OR)", 1, 17, "')' stands directly behind 'OR'"),
        ("image:" + "x" * 201, 1, 7, "image: wants a value of 1 to 200 characters"),
        ("x" * 201, 1, 1, "a term of 201 characters"),
        # Links and addresses.
        ("http://bild.de/sport", 1, 1, "words inside links and addresses are not read"),
        ("www.bild.de", 1, 1, "words inside links and addresses are not read"),
        ('"see https://bild.de"', 1, 1, "words inside links and addresses are not read"),
        ("a OR info@bild.de", 1, 6, "words inside links and addresses are not read"),
    ],
)
def test_a_fault_is_told_with_its_place(written: str, line: int, column: int, said: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(written)
    error = caught.value
    assert (error.line, error.column) == (line, column), str(error)
    assert str(error).startswith(f"line {line}, column {column}: ")
    assert said in error.problem
    assert error.remedy
    assert str(error).endswith(error.remedy)


@pytest.mark.parametrize(
    ("written", "vendor", "said", "remedy"),
    [
        ("title:apple", "", "mentions have no title", "leave it away"),
        ("intitle:apple", "", "mentions have no title", "leave it away"),
        ("title:(apple OR pear)", "", "mentions have no title", "leave it away"),
        ('x TITLE:"apple juice"', "", "mentions have no title", "leave it away"),
        ("ingress:apple", "Meltwater", "mentions have no title", "leave it away"),
        ("url:msn.com/news", "", "words inside links are not read", "site:HOST"),
        ("links:msn.com", "", "words inside links are not read", "site:HOST"),
        ("rating:[1 TO 5]", "Brandwatch", "no part of a query", "leave it away"),
        ("latitude:[41 TO 44]", "Brandwatch", "where an author is", "leave it away"),
        ("engagementType:RETWEET", "Brandwatch", "not told apart by kind", "by stories"),
        ("brandIds:12", "Brandwatch", "the brands they show", "image:BRAND"),
        ("authorGender:F", "Brandwatch", "only the name is known", "author:NAME"),
        ("subreddit:nba", "Brandwatch", "a source, a site and an author", "source:"),
        ("apple -is:retweet", "the X API", "not told apart by kind", "by stories"),
        ("apple has:links", "the X API", "not told apart by kind", "leave it away"),
        ("to:NASA", "the X API", "not told apart by kind", "leave it away"),
        ("apple place_country:US", "the X API", "where an author is", "lang:en"),
        ("apple since:2026-01-01", "the X API", "nothing of time", "--since"),
        ("reach:>1000", "", "no part of a query", "leave it away"),
        ("sentiment:negative", "", "no part of a query", "leave it away"),
        ("sourcetype:BLOG", "Talkwalker", "a name that its publisher chose", "source:NAME"),
        ("apple SENTENCE juice", "Talkwalker", "sentences are not told apart", "NEAR/n"),
        ("tone<-5", "GDELT", "no part of a query", "leave it away"),
        ("toneabs>10", "GDELT", "no part of a query", "leave it away"),
        ("theme:TERROR", "GDELT", "no part of a query", "leave it away"),
        ('repeat3:"trump"', "GDELT", "how often a word stands", "leave it away"),
        ("sourcecountry:france", "GDELT", "where an author is", "lang:en"),
        ('imagetag:"flood"', "GDELT", "the brands they show", "image:BRAND"),
        ("near/4:apple", "Awario", "two words or more", "NEAR/4"),
        ("{BT", "Brandwatch", "never closed", 'raw:"BT"'),
    ],
)
def test_an_operator_that_cannot_be_honoured_says_whose_it_is_and_what_to_do(
    written: str, vendor: str, said: str, remedy: str
) -> None:
    with pytest.raises(QueryError) as caught:
        parse(written)
    assert caught.value.vendor == vendor
    assert said in caught.value.problem
    assert remedy in caught.value.remedy
    assert (f"a spelling of {vendor}" in str(caught.value)) == bool(vendor)


def test_what_was_expected_is_told() -> None:
    with pytest.raises(QueryError) as caught:
        parse("a OR OR b")
    assert caught.value.expected == "a word, a phrase, a field or a parenthesis"
    assert caught.value.expected in str(caught.value)


def test_an_excerpt_points_at_the_fault() -> None:
    with pytest.raises(QueryError) as caught:
        parse("apple OR\n\tpear NEAR/x plum\nOR fig")
    assert caught.value.excerpt == " pear NEAR/x plum\n      ^"
    with pytest.raises(QueryError) as caught:
        parse("pear OR " * 30 + "AND " + "plum " * 30)
    line, caret = caught.value.excerpt.split("\n")
    assert line[caret.index("^") :].startswith("AND plum")
    assert len(line) <= 79


def test_a_query_error_is_a_value_error() -> None:
    assert issubclass(QueryError, ValueError)

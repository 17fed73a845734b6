"""Words that the guards of semantic matching know: tables, all lower case. Pure.

English, like the default embedding model. A word that is in no table must be the same in both
texts, so what is missing here costs a hit and never makes one wrong.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _lines(text: str) -> dict[str, str]:
    """Each word of each line → the line's first word."""
    lines = [line.split() for line in text.strip().splitlines()]
    return {word: line[0] for line in lines for word in line}


# Words that do not change what is asked for: articles, auxiliaries, politeness, ways to say "tell
# me". Not here, since they do change it: what, when, where, why, how, who; not; should, must; all,
# only; before, after; new, first, last; more, less.
COMMON = _words("""
a an the this that these those it its there here
i im ive id ill me my mine myself we us our ours you your yours
am is are was were be been being do does did done doing have has had having
can could will would
of to for in on at by with from as about into onto via
and or but so because then also
please pls hi hello hey thanks thank kindly
help assist tell show explain describe instruct advise let know say says give inform someone
want wanted need needed wish like would looking look trying try tried seem seems think believe
wondering wonder
get gets got getting gotten
way ways possible able ability exactly actually really just too very quite simply currently
some any
""")

# Of those, what other languages write too, where it may be all that two questions differ in
# ("an das Amt", "a Roma"): in a text that is not evidently English it is not passed over.
SHARED = _words("""
a am an and are as at be by did do done for has have help here i id ill in is it its let me of on or
so some tell to too us via want was way we will wish
""")
ENGLISH = (COMMON - SHARED) | _words("""
what when where why which who how not new have has had want it its here some did
""")
# Frequent little words of other languages that are no English words.
FOREIGN = _words("""
der das dem den des ein eine einen einem einer und ist nicht ich mich mir mein meine zu auf mit von
für aus bei wie wo wer le la les un une du de et est je ne pas mon ma mes en sur pour avec dans qui
que quoi comment ou où el los las y es mi con para por como qué del al se lo su il gli e di che è
per mio mia sono della nel het een van ik mijn niet met voor wat o os um uma da dos na em não eu meu
minha com og er ikke jeg min på med det att och är inte jag nie jak się
""")

NEGATIONS = _words("""
not no never none nothing nobody nowhere neither nor non without unable except unless
""")

# A verb and what it is with a negation written into it; "don't" is looked up as "dont".
CONTRACTIONS = _lines("""
do dont
does doesnt
did didnt
is isnt aint
are arent
was wasnt
were werent
has hasnt
have havent
had hadnt
can cannot cant
could couldnt
will wont
would wouldnt
shall shant
should shouldnt
must mustnt
need neednt
""")

# Numbers as words. "one" is none: mostly it is a pronoun, and as a number it says no more than "a".
NUMBERS = _lines("""
0 zero
2 two
3 three
4 four
5 five
6 six
7 seven
8 eight
9 nine
10 ten
11 eleven
12 twelve dozen
13 thirteen
14 fourteen
15 fifteen
16 sixteen
17 seventeen
18 eighteen
19 nineteen
20 twenty
30 thirty
40 forty
50 fifty
60 sixty
70 seventy
80 eighty
90 ninety
100 hundred
1000 thousand
1000000 million
1000000000 billion
0.5 half
""")

# What may stand beside a number; each line is one unit.
UNITS = _lines("""
second seconds sec secs s
minute minutes min mins
hour hours hr hrs h
day days
week weeks
month months
year years
% percent pct
$ dollar dollars usd bucks
€ euro euros eur
£ pound pounds gbp quid
¥ yen jpy
₹ rupee rupees inr
kg kilo kilos kilogram kilograms
g gram grams
lb lbs
km kilometer kilometers kilometre kilometres
m meter meters metre metres
mile miles
foot feet ft
inch inches
kb kilobyte kilobytes
mb megabyte megabytes
gb gigabyte gigabytes
tb terabyte terabytes
° degree degrees
st
nd
rd
th
k
am
pm
""")

# One word in another form, where cutting off its ending does not show it.
FORMS = _lines("""
buy bought purchase purchased purchases purchasing
come came
pay paid
send sent
go went gone
make made
take took taken
give gave given
find found locate located
withdraw withdrew withdrawn
steal stole stolen
lose lost
leave left
write wrote written
choose chose chosen
break broke broken
keep kept
hold held
sell sold
speak spoke spoken
wrong incorrect incorrectly wrongly
what which whats
quick fast quickly
auto automatic automatically
mobile cellphone
""")

# What a word before another says of it. Of one class, one cannot stand for another.
ROLES: dict[str, tuple[str, str]] = {
    "from": ("direction", "from"), "to": ("direction", "to"), "into": ("direction", "to"),
    "onto": ("direction", "to"), "my": ("owner", "my"), "our": ("owner", "my"),
    "your": ("owner", "your"), "his": ("owner", "his"), "her": ("owner", "her"),
    "their": ("owner", "their"),
}  # fmt: skip

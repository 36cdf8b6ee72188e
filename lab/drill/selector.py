"""A metric as evidence: the part of PromQL in which one can be named, and no more.

    expression  := selector | function "(" expression ")" | "histogram_quantile(" number "," expression ")"
                 | aggregation [by] "(" expression ")" [by]
    selector    := name [ "{" label (= | != | =~ | !~) "string" , … "}" ] [ "[" duration "]" ]

So each has exactly one selector, and what it is about can be read from it. Arithmetic and comparisons are left out:
with them an expression can be made to say anything. https://prometheus.io/docs/prometheus/latest/querying/basics/
"""

import re
from dataclasses import dataclass

from lab.errors import UsageError

OVER_TIME = frozenset(
    ("rate", "irate", "increase", "delta", "max_over_time", "min_over_time", "avg_over_time", "sum_over_time")
)
AGGREGATIONS = frozenset(("sum", "max", "min", "avg", "count"))
LONGEST = 1_000  # characters
TOKEN = re.compile(
    r"""\s*(?:(?P<word>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?P<number>[0-9.]+(?:ms|[smh])?)|"""
    r"""(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<sign>=~|!~|!=|[=(){},\[\]]))"""
)
MATCHERS = ("=", "!=", "=~", "!~")
DURATION = re.compile(r"([0-9]+)(ms|[smh])")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Matcher:
    label: str
    sign: str
    value: str


@dataclass(frozen=True)
class Selector:
    """The one selector of `text`, which is the whole expression as it was written; `functions` are what it goes
    through, the outermost first, and `range_s` is the seconds that it looks back over (0: none)."""

    text: str
    name: str
    matchers: tuple[Matcher, ...]
    functions: tuple[str, ...] = ()
    range_s: float = 0.0

    def fixes(self, label: str) -> str | None:
        """The value that the label is held to; None where it may be more than one."""
        values = {one.value for one in self.matchers if one.label == label and one.sign == "="}
        return values.pop() if len(values) == 1 else None

    @property
    def fixed(self) -> dict[str, str]:
        """Every label that is held to one value, with the value."""
        return {one.label: value for one in self.matchers if (value := self.fixes(one.label)) is not None}


def parse(text: str) -> Selector:
    """Reads an expression of the grammar above; UsageError says what does not belong to it."""
    if len(text) > LONGEST:
        raise UsageError(f"The expression has {len(text)} characters; name the metric in {LONGEST} at most.")
    reader = _Reader(text)
    selector = reader.expression()
    if reader.kind:
        raise reader.refused("ends before")
    ranged = [name in OVER_TIME for name in selector.functions]
    if any(ranged[:-1]) or any(ranged) != bool(selector.range_s):
        raise UsageError("The metric expression wants a range, such as [30s], right inside rate and the like.")
    return selector


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.depth = 0
        self.kind: str | None = None
        self.word = ""
        self.functions: list[str] = []
        self.next()

    def next(self) -> str:
        """Goes on to the next token and gives the one that it leaves."""
        left = self.word
        match = TOKEN.match(self.text, self.place)
        if match:
            self.kind, self.word, self.place = match.lastgroup, match[match.lastgroup or 0], match.end()
        elif self.text[self.place :].strip():
            self.kind, self.word = "other", self.text[self.place :].strip()[:10]
            raise self.refused("has no place for")
        else:
            self.kind, self.word = None, ""
        return left

    def take(self, sign: str) -> None:
        if self.word != sign or self.kind != "sign":
            raise self.refused(f"wants {sign!r} before")
        self.next()

    def refused(self, why: str) -> UsageError:
        return UsageError(
            f"The metric expression {why} {self.word or 'its end'!r}: give one selector, in rate, increase, "
            "histogram_quantile or sum by where you like."
        )

    def expression(self) -> Selector:
        self.depth += 1
        if self.kind != "word" or self.depth > 10:
            raise self.refused("wants a metric's name instead of")
        name = self.next()
        if name in AGGREGATIONS and self.word in ("(", "by"):
            self.functions.append(name)
            self.grouping()
            found = self.within()
            self.grouping()
        elif self.word == "(" and name == "histogram_quantile":
            self.functions.append(name)
            found = self.within(number=True)
        elif self.word == "(" and name in OVER_TIME:
            self.functions.append(name)
            found = self.within()
        else:
            found = self.selector(name)
        return found

    def within(self, *, number: bool = False) -> Selector:
        self.take("(")
        if number:
            if self.kind != "number":
                raise self.refused("wants a number instead of")
            self.next()
            self.take(",")
        found = self.expression()
        self.take(")")
        return found

    def grouping(self) -> None:
        if self.word == "by" and self.kind == "word":
            self.next()
            self.take("(")
            while self.kind == "word":
                self.next()
                if self.word == ",":
                    self.next()
            self.take(")")

    def selector(self, name: str) -> Selector:
        matchers = []
        if self.word == "{":
            self.next()
            while self.kind == "word":
                matchers.append(self.matcher())
                if self.word == ",":
                    self.next()
            self.take("}")
        range_s = 0.0
        if self.word == "[":
            self.next()
            duration = DURATION.fullmatch(self.word)
            if self.kind != "number" or not duration:
                raise self.refused("wants a duration instead of")
            range_s = float(duration[1]) * SECONDS[duration[2]]
            self.next()
            self.take("]")
        return Selector(self.text, name, tuple(matchers), tuple(self.functions), range_s)

    def matcher(self) -> Matcher:
        label = self.next()
        if self.word not in MATCHERS:
            raise self.refused("wants a comparison instead of")
        sign = self.next()
        if self.kind != "string":
            raise self.refused("wants a quoted value instead of")
        return Matcher(label, sign, re.sub(r"\\(.)", r"\1", self.next()[1:-1]))

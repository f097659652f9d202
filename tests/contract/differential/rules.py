# SPDX-License-Identifier: MIT
"""Files of rules for regexp, pcre and cidr tables, right and wrong, and keys
that some of them match. Text is bytes."""
from hostile import BAD_BYTES, is_line

LETTERS = ["a", "b", "A", "B", "@", "1", "-", "x", "é", " "]
LITERALS = ["a", "b", "A", "B", "@", "1", "-", "x", "é", "ab", "a@b", "\\."]
CLASSES = ["[ab]", "[^a]", "[a-c1]", "[[:alpha:]]", "[^@]", "[]a]", "[a-]",
           "[é]", "."]
ANCHORS = ["^", "$"]
PCRE_ATOMS = ["\\d", "\\w", "\\W", "\\b", "\\s", "(?:a|b)", "(?=a)", "(?!b)",
              "(?i)", "(?-i)", "(?<n>a)", "\\x61", "\\Q.\\E", "(?#c)", "\\A",
              "\\z"]
REGEXP_ATOMS = ["\\<", "\\b", "\\w", "\\'", "[[.a.]]", "[[:digit:]]"]
BOUNDED = ["?", "{1,2}", "{2}", "{0,1}"]
UNBOUNDED = ["*", "+", "{1,}"]
BROKEN = ["(", ")", "[", "*", "+", "{", "{1", "{2,1}", "\\", "[b-a]",
          "[[:nope:]]", "(?", "\\9", "(?<x>a)(?<x>b)"]
RIGHT_TEXT = ["REJECT", "text", "$1", "${1}", "$(1)", "$$", "a b  c", "é", "#",
              "{x}", "/", "x:$1@y", "$$1", "${1}0", "\\1", "$1$1"]
WRONG_TEXT = ["$", "$0", "$2", "$9", "$10", "$1x", "$x", "${x}", "${1", "$(1}",
              "$ 1", "$é", "", "${}", "$-"]
FLAGS = {"regexp": "imx", "pcre": "imsxAEUX"}


class Expression:
    """A random regular expression. budget: how many repetitions in it may be
    without a limit: they multiply what a match takes."""

    def __init__(self, rng, kind, budget):
        self.rng = rng
        self.kind = kind
        self.budget = budget
        self.groups = 0

    def text(self, depth=2):
        return "|".join(self._branch(depth) for _ in range(
            self.rng.choice([1, 1, 1, 2, 3])))

    def _branch(self, depth):
        return "".join(self._piece(depth) for _ in range(
            self.rng.choice([1, 1, 2, 3])))

    def _piece(self, depth):
        rng = self.rng
        chance = rng.random()
        if chance < 0.2 and depth > 0:
            self.groups += 1
            return "(" + self.text(depth - 1) + ")" + \
                (rng.choice(BOUNDED) if rng.random() < 0.3 else "")
        if chance < 0.25:
            return rng.choice(ANCHORS)
        if chance < 0.27 and self.groups:
            return f"\\{rng.randint(1, self.groups)}"
        if chance < 0.27 + rng.oddness / 10:
            return rng.choice(BROKEN)
        return self._atom() + self._quantifier()

    def _atom(self):
        own = PCRE_ATOMS if self.kind == "pcre" else REGEXP_ATOMS
        return self.rng.choice(self.rng.choice(
            [LITERALS, LITERALS, LITERALS, CLASSES, own]))

    def _quantifier(self):
        rng = self.rng
        if rng.random() < 0.7:
            return ""
        if self.budget > 0 and rng.random() < 0.5:
            self.budget -= 1
            mark = rng.choice(UNBOUNDED)
        else:
            mark = rng.choice(BOUNDED)
        lazy = self.kind == "pcre" and rng.random() < 0.2
        return mark + (rng.choice("?+") if lazy else "")


def _flags(rng, kind):
    if rng.random() < 0.7:
        return ""
    known = FLAGS[kind] + ("zI" if rng.is_odd() else "")
    return "".join(rng.choice(known) for _ in range(rng.choice([1, 1, 2])))


def _pattern(rng, kind, budget):
    """Returns "!/.../flags" and the number of groups."""
    expression = Expression(rng, kind, budget)
    text = expression.text()
    if rng.random() < 0.6:
        # Else one of the first rules matches every key.
        text = f"^{rng.choice(LITERALS)}({text})$"
        expression.groups += 1
    delimiter = rng.choice("////|%~,\"'")
    if not rng.is_odd():
        text = text.replace(delimiter, "\\" + delimiter)
    negated = rng.choice(["!", "! ", "!!", " !"]) if rng.random() < 0.1 else ""
    end = "" if rng.is_odd() and rng.is_odd() else delimiter
    return negated + delimiter + text + end + _flags(rng, kind), \
        0 if "!" in negated else expression.groups


def _result(rng, groups):
    if rng.is_odd():
        return rng.choice(WRONG_TEXT)
    text = "".join(rng.choice(RIGHT_TEXT) for _ in range(
        rng.choice([1, 1, 2])))
    return text if groups or "1" not in text else text.replace("1", "$")


def rule(rng, kind, budget=1):
    """A line; what it gives mostly tells it from others."""
    pattern, groups = _pattern(rng, kind, budget)
    if kind == "regexp" and rng.random() < 0.05:
        pattern += "!" + _pattern(rng, kind, budget)[0]
    number = "" if rng.is_odd() else f" {rng.randrange(1000)}"
    return pattern + rng.choice([" ", "\t", "  "]) + _result(rng, groups) + \
        number


def _odd_line(rng, line):
    return rng.choice([
        "", "# " + line, " # " + line, "\t" + line, "a" + line, "0",
        "if", "IF " + line, "endif x", "ENDIF", line.replace(" ", "", 1),
        line + "\r", "if " + line, "/", "//", "// x", "/a", "!", "!!", "/a/",
        "if !", "/é\ufeff/ x", "endif!", "if/a/", "ifx /a/", "/a/\u00a0x",
        "/\x01/ x",
    ])


def file_of_rules(rng, make, condition, count):
    """Rules, some of them inside of if ... endif, nested."""
    lines, depth = [], 0
    for _ in range(count):
        chance = rng.random()
        if rng.is_odd():
            lines.append(_odd_line(rng, make()))
        elif chance < 0.1:
            lines.append(rng.choice(["if ", "IF ", "if\t"]) + condition())
            depth += 1
        elif chance < 0.2 and depth:
            lines.append(rng.choice(["endif", "EndIf"]))
            depth -= 1
        elif chance < 0.22:
            lines.append(make() + "\n  more  text")
        else:
            lines.append(make())
    lines += ["endif"] * (0 if rng.is_odd() else depth)
    data = "".join(line + "\n" for line in lines).encode()
    if rng.is_odd() and rng.is_odd():
        cut = rng.randrange(len(data) or 1)
        data = data[:cut] + rng.choice(BAD_BYTES) + data[cut:]
    return data


def pattern_file(rng, kind, budget=1, count=12):
    return file_of_rules(rng, lambda: rule(rng, kind, budget),
                         lambda: _pattern(rng, kind, budget)[0], count)


def short_keys(rng, count):
    """Of the letters that the patterns are made of."""
    result = {}
    while len(result) < count:
        result["".join(rng.choice(LETTERS) for _ in range(
            rng.choice([1, 2, 3, 4, 6, 10, 20]))).encode()] = True
    return list(result)


def inline_rules(kind, data):
    """The same rules as they stand in main.cf."""
    lines = [line for line in data.splitlines() if is_line(line)]
    return kind.encode() + b":{ " + b", ".join(
        b"{" + line + b"}" for line in lines) + b" }"


def _network(rng):
    """An address and a length, mostly without host bits."""
    if rng.random() < 0.5:
        size, whole = 32, rng.choice([10 << 24, 192 << 24, 0x7f000001])
    else:
        size, whole = 128, rng.choice([0x20010db8 << 96, 0, 0xffff << 32])
    length = rng.choice([0, 1, 7, 8, 15, 16, 24, 31, 32, 64, 127, 128])
    length = min(length, size)
    whole |= rng.randrange(1 << rng.choice([3, 8, 17, 24]))
    if not rng.is_odd():
        whole = whole >> (size - length) << (size - length)
    return whole, size, length


def _dotted(whole):
    return ".".join(str(whole >> shift & 255) for shift in (24, 16, 8, 0))


def _coloned(rng, whole):
    """One of the ways in which an IPv6 address can be written."""
    words = [whole >> shift & 0xffff for shift in range(112, -1, -16)]
    text = ":".join(f"{word:x}" for word in words)
    while rng.random() < 0.7 and ":0:0:" in text and "::" not in text:
        text = text.replace(":0:0:", "::", 1)
    if rng.random() < 0.1 and "::" not in text:
        text = ":".join(text.split(":")[:6]) + ":" + _dotted(whole)
    return text.upper() if rng.random() < 0.2 else text


def _address(rng, whole, size):
    return _dotted(whole) if size == 32 else _coloned(rng, whole)


def _cidr_pattern(rng):
    whole, size, length = _network(rng)
    text = _address(rng, whole, size)
    bits = "" if length == size and rng.random() < 0.5 else f"/{length}"
    if rng.is_odd():
        bits = rng.choice(["/", "/33", "/129", "/-1", "/8x", "/08", "/+8",
                           "/255.0.0.0", "//8", "/ 8"])
    form = rng.choice(["{}{}", "{}{}", "{}{}", "[{}]{}", "[{}{}]"])
    if rng.is_odd():
        form = rng.choice(["[{}{}", "{}]{}", "[[{}]]{}", "{}.{}", "0{}{}",
                           "x{}{}", "{}%eth0{}"])
    negated = rng.choice(["!", "! ", "!!"]) if rng.random() < 0.1 else ""
    return negated + form.format(text, bits)


def cidr_rule(rng):
    text = "" if rng.is_odd() else rng.choice(
        ["REJECT", "OK", "a b  c", "$1", "é", "# x", "{x}"])
    if rng.random() < 0.9:
        text += str(rng.randrange(1000)) if text else ""
    return _cidr_pattern(rng) + rng.choice([" ", "\t", "  "]) + text


def cidr_file(rng, count=30):
    return file_of_rules(rng, lambda: cidr_rule(rng),
                         lambda: _cidr_pattern(rng), count)


def cidr_keys(rng, count):
    result = {}
    while len(result) < count:
        whole, size, _ = _network(rng)
        text = _address(rng, whole, size)
        if rng.is_odd():
            text = rng.choice(["0{}", "{} ", " {}", "[{}]", "{}/32", "{}.",
                               "{}%lo", "::ffff:{}", "{}:", "x{}"]
                              ).format(text)
        result[text.encode()] = True
    return list(result)

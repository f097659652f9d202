# SPDX-License-Identifier: MIT
"""Files of "key value" lines as people, programs and accidents write them, and
the keys to ask for. Text is bytes."""
from hostile import blanks, is_line, keys, plain_address, word

ADDRESSES = 1000
LONG_ADDRESSES = 40

# What folding is easily wrong about: each line of one meaning.
FOLDING = ["Straße STRASSE strasse STRAẞE straſſe",
           "İ i̇ İ", "I i ı", "ΣΑΣ σας σασ ςας", "ﬁ FI fi Fi", "Ǆ ǅ ǆ",
           "ΐ ΐ", "Å å Å", "K K k", "Ä Ä ä ä", "ᾳ ΑΙ αι", "ꭰ Ꭰ", "Ω ω Ω"]


def _entry(rng):
    words = rng.choice([0, 1, 3, 4]) if rng.is_odd() else 2
    parts = [word(rng) for _ in range(words)]
    return b"".join(part + blanks(rng) for part in parts[:-1]) + \
        b"".join(parts[-1:])


def _physical_line(rng):
    if not rng.is_odd():
        line = _entry(rng)
    else:
        line = rng.choice([
            blanks(rng) + _entry(rng),
            b"# " + _entry(rng),
            blanks(rng) + b"#" + _entry(rng),
            b"",
            blanks(rng),
            _entry(rng) + b" " + b"x" * rng.choice([4095, 4096, 9000]),
        ])
    return line + blanks(rng) if rng.is_odd() else line


def random_file(rng, number):
    """Of consecutive numbers as many are long as short."""
    end = rng.choice([b"\n", b"\r\n"])
    lines = [_physical_line(rng) for _ in range((0, 3, 40, 400)[number % 4])]
    return end.join(lines) + rng.choice([b"", end])


def address_file(rng, longest=2048):
    """longest: how many bytes a key may have."""
    stored = [plain_address(rng) for _ in range(ADDRESSES)]
    for size in range(40, longest, longest // LONG_ADDRESSES):
        stored.append(b"x" * (size - 12) + b"@Example.org")
    stored.append(b"y" * (longest - 12) + b"@Example.org")
    return b"".join(address + b"\tbox%d@other.example\n" % number
                    for number, address in enumerate(stored))


def pieces(data):
    """What stands in a file, cut in several ways."""
    found = set(data.replace(b"\r", b" ").split())
    for line in data.split(b"\n"):
        for cut in (b" ", b"\t", b"\v", b"\f", b"=", b"\r"):
            found.add(line.split(cut)[0])
            found.add(line.partition(b'" ')[0] + b'"')
        found.add(line)
    return sorted(piece for piece in found if is_line(piece))


def keys_for(rng, data, count):
    """All that stands in the data, and as many more."""
    stored = pieces(data)
    return list(dict.fromkeys(stored + keys(rng, stored, count)))


def folding_source():
    """A file that has the first of each line, and the keys to ask for."""
    lines = [line.split() for line in FOLDING]
    data = "".join(f"{line[0]}@x {line[0]}\n" for line in lines)
    return data.encode(), [f"{one}@x".encode() for line in lines
                           for one in line]


def duplicates(rng, count=200):
    """Lines whose keys come again and again, spelled in several ways."""
    spellings = [b"a@b", b"A@B", b"a@B", "ß@b".encode(), b"SS@b",
                 "ẞ@b".encode(), b"c", b"C"]
    data = b"".join(b"%s %d\n" % (rng.choice(spellings), number)
                    for number in range(count))
    return data, spellings

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What stands around the tables of a map: lists, searches, rules for keys and
values. Each case is a [map] and what it answers, by socketmap query -c."""
import os
import subprocess
import tempfile

from tap import case, done

PROGRAM = os.environ["SOCKETMAP"]
LISTEN = "[listen x]\nendpoint = unix:/tmp/nobody-listens-here\n"
ABSENT, TEMP = 1, 75


def ask(directory, key):
    out = subprocess.run(
        [PROGRAM, "query", "-c", f"{directory}/socketmapd.conf", "m", key],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        timeout=60)
    return out.stdout.removesuffix("\n") if out.returncode == 0 \
        else out.returncode


def rules(name, options, answers, files=()):
    @case(name)
    def _():
        with tempfile.TemporaryDirectory() as directory:
            text = LISTEN + "[map m]\n" + options
            for file, content in files:
                with open(f"{directory}/{file}", "w", encoding="utf-8") as to:
                    to.write(content)
            with open(f"{directory}/socketmapd.conf", "w",
                      encoding="utf-8") as to:
                to.write(text.replace("@DIR@", directory))
            got = {key: ask(directory, key) for key in answers}
            assert got == answers, got


rules("each key is asked of all tables before the next key is",
      "table = inline:{@d=catch}, inline:{u@d=user}\nsearch = address\n",
      {"u@d": "user", "v@d": "catch", "u@e": ABSENT})
rules("a failure ends the search, but only when it is reached",
      "table = inline:{u@d=user}, fail:x, inline:{@d=catch}\n"
      "search = address\n",
      {"u@d": "user", "v@d": TEMP})
rules("patterns see the whole key only",
      "table = regexp:{ {/^u@/ pattern} }, inline:{u@d=table}\n"
      "search = address\nrecipient_delimiter = +\n",
      {"u+x@d": "table", "u@d": "pattern"})
rules("an extension goes to what was found without it",
      "table = inline:{ {u@d = a@b, c@e}, @d=catch@x }\nsearch = virtual\n"
      "recipient_delimiter = +\n",
      {"u+X@d": "a+X@b, c+X@e", "u@d": "a@b, c@e", "v+x@d": "catch@x"})
rules("and to nothing if it is not to be propagated",
      "table = inline:{u@d=a@b, {w@d = @other}}\nsearch = virtual\n"
      "recipient_delimiter = +\npropagate_unmatched_extensions = canonical\n",
      {"u+x@d": "a@b", "w+x@d": "w@other", "w@d": "@other"})
rules("owners and requests keep their dash",
      "table = inline:{owner@d=x, list@d=y, owner-a@d=z}\nsearch = address\n"
      "recipient_delimiter = -\n",
      {"owner-a@d": "z", "owner-b@d": ABSENT, "list-request@d": ABSENT,
       "list-x@d": "y"})
rules("unless they are nothing special",
      "table = inline:{owner@d=x}\nsearch = address\n"
      "recipient_delimiter = -\nowner_request_special = no\n",
      {"owner-b@d": "x"})
rules("users of my domains without their domain",
      "table = inline:{u=local}\nsearch = virtual\nmydomains = d, e.f\n",
      {"u@d": "local", "u@E.F": "local", "u@g": ABSENT, "u": "local"})
rules("parents of domains, with a dot or without",
      "table = inline:{b.c=parent, .y.z=dot}\nsearch = transport\n",
      {"u@a.b.c": ABSENT, "u@x.y.z": "dot", "u@y.z": ABSENT, "u@b.c": "parent"})
rules("the other way when it is said",
      "table = inline:{b.c=parent, .y.z=dot}\nsearch = transport\n"
      "parent_domain_matches = yes\n",
      {"u@a.b.c": "parent", "u@x.y.z": ABSENT})
rules("keys folded where Postfix does, or as it is said",
      "table = inline:{User@D=x, strasse=y}\n",
      {"user@d": "x", "USER@D": "x", "Straße": "y"})
rules("fold = no", "table = inline:{User@D=x}\nfold = no\n",
      {"User@D": "x", "user@d": ABSENT})
rules("fold = yes for a pattern, which is asked for the folded key",
      "table = pcre:{ {/^([a-z]+)$/i $1} }\nfold = yes\n", {"ABC": "abc"})
rules("without it, for the key as it is",
      "table = pcre:{ {/^([a-z]+)$/ $1} }\n", {"ABC": "ABC"})
rules("another key is asked for", "table = inline:{u=x, d=y}\nquery = %u\n",
      {"u@d": "x", "u@e": "x", "@d": ABSENT})
rules("and another value is answered",
      "table = inline:{u@d=host}\nresult_format = smtp:[%s]:%D\n",
      {"u@d": "smtp:[host]:d"})
rules("a value that the format can make nothing of is none: others are found",
      "table = inline:{u@d=nodomain}, inline:{@d=a@b}\nsearch = address\n"
      "result_format = <%d>\n", {"u@d": "<b>", "v@d": "<b>"})
rules("some domains only",
      "table = static:x\ndomain = d, @DIR@/more, inline:{f=1}\n",
      {"u@d": "x", "u@e": "x", "u@f": "x", "u@g": ABSENT, "d": ABSENT},
      [("more", "e\n")])
rules("an empty value is a failure", "table = static:{}\n", {"k": TEMP})
rules("unless it is none", "table = static:{}\nempty_value = ok\n", {"k": ""})
rules("no substitution where a sender could choose the way",
      "table = pcre:{ {/^(.*)@d$/ smtp:$1} {/@d$/ smtp:fixed} }\n"
      "search = transport\n", {"u@d": "smtp:fixed"})
rules("a map of maps keeps the search of each",
      "table = pipemap:{map:a, map:b}\n"
      "[map a]\ntable = inline:{u@d=v+x@e}\nsearch = address\n"
      "recipient_delimiter = +\n"
      "[map b]\ntable = inline:{v@e=w}\nsearch = address\n"
      "recipient_delimiter = +\n",
      {"u+y@d": "w", "u@e": ABSENT})
rules("tables too deep inside of each other",
      "table = " + "unionmap:{" * 20 + "static:x" + "}" * 20 + "\n", {"k": TEMP})
done()

-- SPDX-License-Identifier: MIT
-- The functions of Lua's library and ours, with the same arguments: stock and
-- string. Random patterns, of few bytes so that they match often.

local seed, rounds = ...
math.randomseed(seed)

local function pick(list)
    return list[math.random(#list)]
end

local bytes = {"a", "b", "A", "1", " ", "%", "-", "]", "[", "^", "$", ".", "(",
    ")", "*", "\0", "\xff", "_"}
local singles = {"a", "b", "1", ".", "%a", "%d", "%s", "%w", "%S", "%A", "%u",
    "%l", "%p", "%P", "%c", "%x", "%g", "%z", "%Z", "%%", "%.", "%-", "%[",
    "%]", " ", "-", "]", "\0", "\xff", "[ab]", "[^ab]", "[]]", "[^]]", "[a-]",
    "[%a-z]", "[a-%w]", "[1-9_]", "[%]%-]", "[^%s%d]", "[-a]", "[a-b1]",
    "[\0-\x7f]", "[^\0]", "[%", "[a", "[^", "[]", "[a-%]]", "$", "^"}
local repeats = {"", "", "", "*", "+", "-", "?"}
local specials = {"(", ")", "()", "%1", "%2", "%b()", "%bab", "%baa", "%f[%w]",
    "%f[^a]", "%f[\0]", "%fa", "%b(", "%b", "%", "%0", "%9", "*", "+", "?"}

local function subject()
    local text = {}
    for i = 1, math.random(0, 14) do
        text[i] = math.random(3) > 1 and pick({"a", "b", "1", " "}) or
            pick(bytes)
    end
    return table.concat(text)
end

-- Mostly one that is well-formed: captures that begin also end.
local function pattern()
    local text, open = {}, 0
    if math.random(5) == 1 then
        text[1] = "^"
    end
    for _ = 1, math.random(0, 6) do
        local choice = math.random(12)
        if choice == 1 then
            text[#text + 1] = "("
            open = open + 1
        elseif choice <= 3 and open > 0 then
            text[#text + 1] = ")"
            open = open - 1
        elseif choice == 4 then
            text[#text + 1] = pick(specials)
        else
            text[#text + 1] = pick(singles) .. pick(repeats)
        end
    end
    text[#text + 1] = math.random(20) > 1 and (")"):rep(open) or ""
    if math.random(5) == 1 then
        text[#text + 1] = "$"
    end
    return table.concat(text)
end

local replacements = {"", "x", "<%0>", "[%1]", "%2%1", "%%", "%", "%a", "%9",
    12, 0.5, false, true, {}, {a = "A", ["1"] = 2, b = false}, {a = true},
    function() end, function(...) return select("#", ...) end,
    function(first, second) return second or first end,
    function(first) return {first} end, function() return false end}

local function all_of(library, text, ...)
    local found = {}
    for first, second in library.gmatch(text, ...) do
        found[#found + 1] = tostring(first) .. "," .. tostring(second)
    end
    return #found, table.unpack(found)
end

local calls = {
    find = function(library, text, p, start)
        return library.find(text, p, start)
    end,
    plain = function(library, text, p, start)
        return library.find(text, p, start, true)
    end,
    match = function(library, text, p, start)
        return library.match(text, p, start)
    end,
    gmatch = function(library, text, p, start)
        return all_of(library, text, p, start)
    end,
    gsub = function(library, text, p, start, replacement)
        return library.gsub(text, p, replacement, start)
    end,
}

local function show(value)
    return type(value) == "string" and string.format("%q", value) or
        tostring(value)
end

local function outcome(name, library, ...)
    local got = table.pack(pcall(calls[name], library, ...))
    local shown = {}
    for i = 1, got.n do
        shown[i] = show(got[i])
    end
    return got, table.concat(shown, " ")
end

-- Ours look at all of a pattern first.
local eager = {"malformed pattern", "missing '%[' after", "unfinished capture",
    "invalid capture index %%%d$", "invalid pattern capture"}

local function is_eager(message)
    for _, known in ipairs(eager) do
        if stock.find(message, known) then
            return true
        end
    end
    return false
end

local function is_same(name, theirs, ours)
    if theirs[1] and not ours[1] and is_eager(ours[2]) then
        local found = theirs[name == "gsub" and 3 or 2]
        return not found or found == 0 or stock.find(ours[2], "unfinished")
    end
    return false
end

local counts = {same = 0, found = 0, failed = 0}

local function try(name, ...)
    local theirs, their_text = outcome(name, stock, ...)
    local ours, our_text = outcome(name, string, ...)

    if theirs[1] and theirs[2] and theirs[2] ~= 0 then
        counts.found = counts.found + 1
    end
    if theirs[1] == ours[1] and (not ours[1] or their_text == our_text) then
        counts.same = counts.same + 1
        counts.failed = counts.failed + (ours[1] and 0 or 1)
    elseif not is_same(name, theirs, ours) then
        local shown = {}
        for i, value in ipairs({...}) do
            shown[i] = show(value)
        end
        error(string.format("%s(%s): %s, not %s", name,
            table.concat(shown, ", "), our_text, their_text))
    end
end

for _ = 1, rounds do
    local text, p = subject(), pattern()
    local start = pick({1, 1, 0, 2, 5, 20, -1, -3, -20, math.mininteger,
        math.maxinteger})
    for name in pairs(calls) do
        try(name, text, p, start, pick(replacements))
    end
end

-- Types of arguments, and what is longer.
for name in pairs(calls) do
    try(name, 12345, 3, 1, "x")
    try(name, "x", {}, 1, "x")
    try(name, nil, "x", 1, "x")
    try(name, "x", "x", "y", "x")
    try(name, "x", "x", 1, nil)
    try(name, ("ab"):rep(5000), ".-b", 1, "%0%0")
    try(name, ("ab"):rep(5000), "(a)(b)", 1, "%2%1")
    try(name, ("x"):rep(40), ("(x)"):rep(32), 1, "%9")
    try(name, ("x"):rep(40), ("(x)"):rep(33), 1, "%9")
    try(name, ("x"):rep(300), ("x?"):rep(190), 1, "")
    try(name, ("x"):rep(300), ("x?"):rep(300), 1, "")
    try(name, ("("):rep(50) .. (")"):rep(50), "%b()", 1, "")
end

return counts.same, counts.found, counts.failed

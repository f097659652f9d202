-- SPDX-License-Identifier: MIT
-- The functions of Lua's library table and ours, with the same arguments:
-- stock_table and table. Both get tables of their own, and leave them alike.

local seed, rounds = ...
math.randomseed(seed)

local function pick(list)
    return list[math.random(#list)]
end

local numbers = {0, 1, 2, 3, 4, 7, -1, -2, math.mininteger, math.maxinteger,
    math.maxinteger - 1, 1.0, 1.5, "2", "x", false}

-- What a table of that seed holds, and how it is reached.
local function make(number)
    local t, size = {}, number % 7
    for i = 1, size do
        t[i] = (number * i * 31) % 10
    end
    if number % 5 == 1 then
        t[size // 2] = nil
    end
    if number % 4 > 0 then
        return t
    end
    local methods = {__index = t}
    if number % 8 > 0 then
        methods.__newindex = t
    end
    if number % 12 > 0 then
        methods.__len = function() return size end
    end
    return setmetatable({}, methods)
end

local function less(a, b)
    return a > b
end

local calls = {
    concat = function(library, t, a, b, c)
        return library.concat(t, c, a, b)
    end,
    insert = function(library, t, a, b, c)
        return library.insert(t, a, b)
    end,
    append = function(library, t, a, b, c)
        return library.insert(t, a)
    end,
    many = function(library, t, a, b, c)
        return library.insert(t, a, b, c)
    end,
    remove = function(library, t, a)
        return library.remove(t, a)
    end,
    pop = function(library, t)
        return library.remove(t)
    end,
    move = function(library, t, a, b, c)
        return library.move(t, a, b, c) == t
    end,
    copy = function(library, t, a, b, c)
        local to = {"a", "b"}
        return library.move(t, a, b, c, to) == to, to[1], to[2], to[4], #to
    end,
    sort = function(library, t, a)
        return library.sort(t, pick({nil, less, rawequal}))
    end,
    unpack = function(library, t, a, b)
        return library.unpack(t, a, b)
    end,
}

local function outcome(name, library, number, ...)
    local t = number and make(number)
    local got = table.pack(pcall(calls[name], library, t, ...))
    local shown = {}
    for i = 1, got.n do
        shown[i] = tostring(got[i])
    end
    for i = -2, number and 12 or -3 do
        shown[#shown + 1] = tostring(t[i])
    end
    -- Some versions of Lua name the wrong argument.
    return got[1], (stock_table.concat(shown, " "):gsub(
        "#1 to 'remove' %(position", "#2 to 'remove' (position"))
end

local same, found, failed = 0, 0, 0

-- Not from end to end of all numbers: they would take that long.
local function is_short(name, a, b)
    a, b = math.tointeger(a) or 0, math.tointeger(b) or 0
    return name ~= "move" and name ~= "copy" and name ~= "concat" or
        b < a or math.ult(b - a, 100)
end

for round = 1, rounds do
    local number = pick({false, math.random(1000), math.random(1000)})
    local a, b, c = pick(numbers), pick(numbers), pick(numbers)
    for name in pairs(calls) do
        if is_short(name, a, b) then
            math.randomseed(round)
            local is_done, theirs = outcome(name, stock_table, number, a, b, c)
            math.randomseed(round)
            local _, ours = outcome(name, table, number, a, b, c)
            if theirs ~= ours then
                error(string.format("%s(%s, %s, %s, %s): %s, not %s", name,
                    number, a, b, c, ours, theirs))
            end
            same = same + 1
            found = found + (is_done and 1 or 0)
            failed = failed + (is_done and 0 or 1)
        end
    end
    math.randomseed(seed + round)
end

return same, found, failed

a = if 3 then 1 else 2;
b = not "x" or 4;
c = 1 < "x";
d = 1 .. "x";

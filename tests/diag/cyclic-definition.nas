a = b + 1;
b = if c > 3 then 1 else 2;
c = a - 4;
d = d;
// These do not need themselves: a function, a branch not taken, an element of a recurrence.
f(n) = if n == 0 then 0 else f(n - 1);
e = if true then 1 else e;
s[i in 0..3] = s[i - 1];

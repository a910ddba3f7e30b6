// A name of a body, a lambda or a binder ends with it.
f = x => { y = x; return y; };
a = y;
b = x;
c = [i in 1..3] + i;

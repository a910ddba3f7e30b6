width = 8;
width = 16;
f(x) = x;
f = 3;

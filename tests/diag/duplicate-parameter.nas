f(x, y, x) = x;
g = (a, a) => a;

width = 8;
f(x) = x;
a = width[3] + f[1];

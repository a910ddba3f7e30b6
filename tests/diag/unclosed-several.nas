f = x => { return g(h(x[1; };
g = 3;

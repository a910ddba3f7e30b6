f(x, k) = conv(k, x);
a = f(3) -> f(k: 3) -> f();

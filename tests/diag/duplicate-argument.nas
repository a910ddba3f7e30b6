f(x, k = 3) = conv(k, x);
a = f(3, x: 4) -> conv(3, bias: true, bias: false);

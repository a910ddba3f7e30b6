a = conv(3 8) -> conv(3, 8 bias: false) -> relu;
b = f(g(1 2), h(3 4));

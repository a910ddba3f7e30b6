f(x, kernel = 3) = conv(kernel, x);
a = f(8, kernle: 5) -> f(8, width: 3);

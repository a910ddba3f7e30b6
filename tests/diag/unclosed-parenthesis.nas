a = conv(3, 8;
b = [conv(3, (8), relu];
f = x => { return (x + 1; };

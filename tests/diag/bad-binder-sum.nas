a = sum(3, i in 0..2) i;
b = [1, 2 if true];

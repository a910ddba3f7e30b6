space = 3;
a = if + 1;

width = 8;
a = width(3);
b = "x"(3);

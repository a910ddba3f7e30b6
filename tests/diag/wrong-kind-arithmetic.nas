name = "x";
a = name + 1;
b = 3 * true;
c = -"x";

a = 3
b = a + 1;
c = b

// a comment
d = c;

a = something;
b = x => y;
c = sum(i in 0..3) (i + j);
d = network;

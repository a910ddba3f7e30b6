a = 3 # 4;
b = größe;
c = a ! 3;

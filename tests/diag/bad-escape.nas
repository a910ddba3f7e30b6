a = "one\ttwo\q";

proxy plain() { score = 1; }

f = x => { y = x; };

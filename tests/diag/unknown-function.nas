f(x) = x -> cnov(3) -> total(x);

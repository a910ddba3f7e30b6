a = conv(3, 8, 2) -> batch_norm(8) -> conv();
b = select(1, 2);

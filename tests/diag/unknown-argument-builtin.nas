a = conv(3, 8, strid: 2) -> relu(slope: 3);
b = max_pool(2, whatever: 3);

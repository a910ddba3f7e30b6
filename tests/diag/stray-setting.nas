f = conv(3), init: 3;

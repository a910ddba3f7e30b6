// The names that the damaged statements define are not reported as unknown.
stem = conv(3, 8) -> ;
(channels) = 3;
body = stem -> conv(3, channels);

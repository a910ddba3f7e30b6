use eproxy;

space three { input image[3, 8, 8]; choice width in {4, 8, 16}; network = conv(3, width); }
space one(width = 4) { input image[3, 8, 8]; network = conv(3, width); }

rank [draw(three, 2), one, draw(three, 2, seed: 1)] by eproxy;
rank [one(8), draw(three, 2), one(width: 8)] by eproxy;

// These are three.
rank [one, one(6), one(8)] by eproxy;

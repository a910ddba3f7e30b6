use eproxy;

space three { input image[3, 8, 8]; choice width in {4, 8, 16}; network = conv(3, width); }
space one { input image[3, 8, 8]; network = conv(3, 8); }

rank [one, three] by eproxy;
rank [one, 3] by eproxy;
rank [] by eproxy;

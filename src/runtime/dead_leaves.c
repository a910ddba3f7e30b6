/* Procedural images with the statistics that matter for the proxy: occluding shapes at all scales
 * and a spectrum falling with frequency. Only additions, multiplications and square roots, so that
 * every machine draws the same bits. */
#include "runtime/images.h"

#include <math.h>
#include <stdlib.h>

#include "base/philox.h"

enum { DISCS = 120, OCTAVES = 5, MAX_LATTICE = 64 };

/* A cursor over a stream: each call takes the next number. */
typedef struct Draw {
    RandomStream stream;
    uint64_t at;
} Draw;

static double uniform(Draw *d, double lo, double hi) {
    return lo + (hi - lo) * random_uniform(d->stream, d->at++);
}

/* Radius with density ~ r^-3 between lo and hi: the scale-invariant case. */
static double power_law_radius(Draw *d, double lo, double hi) {
    double a = 1 / (lo * lo), b = 1 / (hi * hi);
    return 1 / sqrt(uniform(d, b, a));
}

static void random_colour(Draw *d, double colour[3]) {
    double grey = uniform(d, 0.05, 0.95);
    for (int c = 0; c < 3; c++)
        colour[c] = grey + uniform(d, -0.2, 0.2);
}

static void fill_disc(float *pixels, int64_t h, int64_t w, double y, double x, double radius,
                      const double colour[3]) {
    int64_t top = MAX(0, (int64_t)(y - radius)), bottom = MIN(h - 1, (int64_t)(y + radius) + 1);
    int64_t left = MAX(0, (int64_t)(x - radius)), right = MIN(w - 1, (int64_t)(x + radius) + 1);
    for (int64_t i = top; i <= bottom; i++) {
        for (int64_t j = left; j <= right; j++) {
            double dy = (double)i + 0.5 - y, dx = (double)j + 0.5 - x;
            double inside = radius - sqrt(dy * dy + dx * dx) + 0.5; /* a soft edge of one pixel */
            double cover = inside < 0 ? 0 : inside > 1 ? 1 : inside;
            for (int64_t c = 0; c < 3; c++) {
                float *p = &pixels[(c * h + i) * w + j];
                *p = (float)(*p * (1 - cover) + colour[c] * cover);
            }
        }
    }
}

/* Adds smooth lattice noise of `cells` periods an edge and the given amplitude, the same in all
 * colours. */
static void add_octave(Draw *d, float *pixels, int64_t h, int64_t w, int64_t cells,
                       double amplitude) {
    double lattice[(MAX_LATTICE + 1) * (MAX_LATTICE + 1)];
    for (int64_t i = 0; i < (cells + 1) * (cells + 1); i++)
        lattice[i] = uniform(d, -amplitude, amplitude);
    for (int64_t i = 0; i < h; i++) {
        double y = ((double)i + 0.5) * (double)cells / (double)h;
        int64_t y0 = MIN((int64_t)y, cells - 1);
        double ty = y - (double)y0, sy = ty * ty * (3 - 2 * ty);
        for (int64_t j = 0; j < w; j++) {
            double x = ((double)j + 0.5) * (double)cells / (double)w;
            int64_t x0 = MIN((int64_t)x, cells - 1);
            double tx = x - (double)x0, sx = tx * tx * (3 - 2 * tx);
            const double *p = &lattice[y0 * (cells + 1) + x0], *q = p + cells + 1;
            double top = p[0] + sx * (p[1] - p[0]), bottom = q[0] + sx * (q[1] - q[0]);
            double v = top + sy * (bottom - top);
            for (int64_t c = 0; c < 3; c++)
                pixels[(c * h + i) * w + j] += (float)v;
        }
    }
}

void dead_leaves_draw(uint64_t seed, uint64_t number, int64_t height, int64_t width,
                      float *pixels) {
    Draw d = {random_stream(seed, 0, RANDOM_IMAGES, (Hash128){0x6c656176, number}), 0};
    double edge = (double)MAX(height, width), colour[3];
    random_colour(&d, colour);
    for (int64_t c = 0; c < 3; c++)
        for (int64_t i = 0; i < height * width; i++)
            pixels[c * height * width + i] = (float)colour[c];
    for (int i = 0; i < DISCS; i++) {
        double y = uniform(&d, 0, (double)height), x = uniform(&d, 0, (double)width);
        double radius = power_law_radius(&d, edge / 24, edge / 2);
        random_colour(&d, colour);
        fill_disc(pixels, height, width, y, x, radius, colour);
    }
    double amplitude = 0.16;
    for (int64_t octave = 0, cells = 2; octave < OCTAVES; octave++, cells *= 2, amplitude /= 2)
        add_octave(&d, pixels, height, width, MIN(cells, MAX_LATTICE), amplitude);
    for (int64_t i = 0; i < 3 * height * width; i++)
        pixels[i] = pixels[i] < 0 ? 0 : pixels[i] > 1 ? 1 : pixels[i];
}

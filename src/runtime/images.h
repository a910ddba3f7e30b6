/* Batches of images from named sources. A batch depends on (source, request, seed) alone.
 *
 *   dead_leaves    procedural: opaque discs with power-law radii over a 1/f texture (Lee, Mumford,
 *                  Huang, "Occlusion models for natural images", IJCV 2001); needs no file
 *   noise          independent uniform pixels
 *   cifar10:FILE   the CIFAR-10 binary layout: records of 1 label byte and 3 x 32 x 32 bytes
 *   folder:DIR     JPEG and PNG pictures of any size: the shorter side is scaled to the wanted size
 *                  (triangle filter, widened when shrinking), the middle is cropped
 *
 * Pixels are in 0..1, then normalised per channel with CIFAR-10's mean and deviation when asked.
 */
#ifndef NASC_RUNTIME_IMAGES_H
#define NASC_RUNTIME_IMAGES_H

#include "base/base.h"
#include "runtime/inputs.h"

typedef struct ImageBatch {
    const char *source;
    int64_t count, channels, height, width;
    bool augment; /* pad by an eighth (4 of 32), random crop, random horizontal flip, as the
                     authors of Eproxy do */
    bool normalise;
} ImageBatch;

/* Fills out[count][channels][height][width]. Channel k shows colour k mod 3 (one channel:
 * luminance). Files read are added to `inputs`. False with err: NASC_PROGRAM_ERROR for an unknown
 * source or damaged data, NASC_ENVIRONMENT for what cannot be read. */
bool images_batch(const ImageBatch *request, uint64_t seed, float *out, Inputs *inputs,
                  NascError *err);

/* The labels of the same images: out[count], from 0 .. classes - 1. Where a source has none they
 * are drawn, each class equally likely. A file's label beyond `classes` is NASC_PROGRAM_ERROR. */
bool images_labels(const ImageBatch *request, int64_t classes, uint64_t seed, float *out,
                   Inputs *inputs, NascError *err);

/* An RGB picture: pixels[3][height][width] in 0..1, malloc'd. */
typedef struct Picture {
    int64_t height, width;
    float *pixels;
} Picture;

/* runtime/pictures.c: one JPEG or PNG from memory. */
bool picture_decode(const unsigned char *bytes, size_t len, const char *path, Picture *out,
                    NascError *err);
/* Scales so that the picture covers height x width, crops the middle. */
void picture_fit(const Picture *p, int64_t height, int64_t width, float *out);
/* runtime/dead_leaves.c: pixels[3][height][width]. */
void dead_leaves_draw(uint64_t seed, uint64_t number, int64_t height, int64_t width, float *pixels);

#endif

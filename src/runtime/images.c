#include "runtime/images.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/files.h"
#include "base/philox.h"

enum { CIFAR_SIDE = 32, CIFAR_RECORD = 1 + 3 * CIFAR_SIDE * CIFAR_SIDE };
enum { MAX_FILE = 1 << 30, MAX_BATCH_PIXELS = 1 << 28 };

/* The usual CIFAR-10 statistics (docs/method.md). */
static const float channel_mean[3] = {0.4914f, 0.4822f, 0.4465f};
static const float channel_deviation[3] = {0.2470f, 0.2435f, 0.2616f};

/* Draws `count` of `n` without replacement while there are enough, else in rounds of all. */
static uint32_t *draw_images(size_t n, int64_t count, uint64_t seed) {
    RandomStream stream = random_stream(seed, 0, RANDOM_IMAGES, (Hash128){0x64726177, n});
    uint32_t *order = nasc_alloc(n * sizeof *order), *out;
    out = nasc_alloc((size_t)count * sizeof *out);
    for (int64_t i = 0; i < count; i++) {
        if ((size_t)i % n == 0)
            random_permutation(stream, (uint64_t)i, n, order);
        out[i] = order[(size_t)i % n];
    }
    free(order);
    return out;
}

static void fit_or_copy(const Picture *p, const ImageBatch *r, float *rgb) {
    if (p->height == r->height && p->width == r->width)
        memcpy(rgb, p->pixels, (size_t)(3 * r->height * r->width) * sizeof *rgb);
    else
        picture_fit(p, r->height, r->width, rgb);
}

/* Each source fills rgb[count][3][height][width] in 0..1. */
/* The records of a CIFAR-10 binary file, *n of them. */
static bool read_cifar(const char *path, Buf *bytes, size_t *n, Inputs *inputs, NascError *err) {
    if (!file_read(path, MAX_FILE, bytes, err))
        return false;
    *n = bytes->len / CIFAR_RECORD;
    if (*n == 0 || bytes->len % CIFAR_RECORD != 0) {
        nasc_fail(
            err, NASC_PROGRAM_ERROR,
            "'%s' is no whole CIFAR-10 binary file: %zu bytes are %zu images of %d bytes and %zu "
            "bytes over",
            path, bytes->len, *n, CIFAR_RECORD, bytes->len % CIFAR_RECORD);
        return false;
    }
    char sha[SHA256_TEXT];
    sha256_text(bytes->text, bytes->len, sha);
    inputs_add(inputs, path, sha);
    return true;
}

static bool load_cifar(const char *path, const ImageBatch *r, uint64_t seed, float *rgb,
                       Inputs *inputs, NascError *err) {
    Buf bytes = {0};
    size_t n;
    if (!read_cifar(path, &bytes, &n, inputs, err)) {
        buf_free(&bytes);
        return false;
    }
    uint32_t *chosen = draw_images(n, r->count, seed);
    float pixels[CIFAR_RECORD - 1];
    for (int64_t i = 0; i < r->count; i++) {
        const unsigned char *record =
            (const unsigned char *)bytes.text + chosen[i] * CIFAR_RECORD + 1;
        for (int k = 0; k < CIFAR_RECORD - 1; k++)
            pixels[k] = (float)record[k] / 255.0f;
        Picture p = {CIFAR_SIDE, CIFAR_SIDE, pixels};
        fit_or_copy(&p, r, rgb + i * 3 * r->height * r->width);
    }
    free(chosen);
    buf_free(&bytes);
    return true;
}

static bool cifar_labels(const char *path, const ImageBatch *r, int64_t classes, uint64_t seed,
                         float *out, Inputs *inputs, NascError *err) {
    Buf bytes = {0};
    size_t n;
    bool ok = read_cifar(path, &bytes, &n, inputs, err);
    uint32_t *chosen = ok ? draw_images(n, r->count, seed) : NULL;
    for (int64_t i = 0; ok && i < r->count; i++) {
        unsigned label = (unsigned char)bytes.text[chosen[i] * CIFAR_RECORD];
        out[i] = (float)label;
        if (label < classes)
            continue;
        nasc_fail(err, NASC_PROGRAM_ERROR,
                  "image %u of '%s' is of class %u, but there are %lld classes", chosen[i], path,
                  label, (long long)classes);
        ok = false;
    }
    free(chosen);
    buf_free(&bytes);
    return ok;
}

bool images_labels(const ImageBatch *r, int64_t classes, uint64_t seed, float *out, Inputs *inputs,
                   NascError *err) {
    static const char cifar[] = "cifar10:";
    CHECK(classes >= 1 && r->count >= 1);
    if (strncmp(r->source, cifar, sizeof cifar - 1) == 0)
        return cifar_labels(r->source + sizeof cifar - 1, r, classes, seed, out, inputs, err);
    RandomStream stream = random_stream(seed, 0, RANDOM_IMAGES, (Hash128){0x6c61626c, 0});
    for (int64_t i = 0; i < r->count; i++)
        out[i] = (float)random_below(stream, (uint64_t)i, (uint64_t)classes);
    return true;
}

static bool is_picture_name(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot &&
           (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg") || !strcasecmp(dot, ".png"));
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef VEC(char *) Names;

static void names_free(Names *names) {
    for (size_t i = 0; i < names->len; i++)
        free(names->items[i]);
    VEC_FREE(*names);
}

static bool list_pictures(const char *path, Names *names, NascError *err) {
    DIR *dir = opendir(path);
    if (!dir) {
        nasc_fail(err, NASC_ENVIRONMENT, "cannot read the folder '%s': %s", path, strerror(errno));
        return false;
    }
    for (struct dirent *e; (e = readdir(dir));)
        if (is_picture_name(e->d_name))
            VEC_PUSH(*names, nasc_strdup(e->d_name));
    closedir(dir);
    if (names->len == 0) {
        nasc_fail(err, NASC_PROGRAM_ERROR, "the folder '%s' holds no .jpg, .jpeg or .png picture",
                  path);
        return false;
    }
    qsort(names->items, names->len, sizeof *names->items, by_name);
    return true;
}

static bool load_picture(const char *folder, const char *name, const ImageBatch *r, float *rgb,
                         Inputs *inputs, NascError *err) {
    Buf path = {0}, bytes = {0};
    Picture p = {0};
    buf_printf(&path, "%s/%s", folder, name);
    bool ok = file_read(path.text, MAX_FILE, &bytes, err) &&
              picture_decode((const unsigned char *)bytes.text, bytes.len, path.text, &p, err);
    if (ok) {
        char sha[SHA256_TEXT];
        sha256_text(bytes.text, bytes.len, sha);
        inputs_add(inputs, path.text, sha);
        fit_or_copy(&p, r, rgb);
    }
    free(p.pixels);
    buf_free(&path);
    buf_free(&bytes);
    return ok;
}

static bool load_folder(const char *path, const ImageBatch *r, uint64_t seed, float *rgb,
                        Inputs *inputs, NascError *err) {
    Names names = {0};
    bool ok = list_pictures(path, &names, err);
    if (ok) {
        uint32_t *chosen = draw_images(names.len, r->count, seed);
        for (int64_t i = 0; ok && i < r->count; i++)
            ok = load_picture(path, names.items[chosen[i]], r, rgb + i * 3 * r->height * r->width,
                              inputs, err);
        free(chosen);
    }
    names_free(&names);
    return ok;
}

static void load_noise(const ImageBatch *r, uint64_t seed, float *rgb) {
    RandomStream stream = random_stream(seed, 0, RANDOM_IMAGES, (Hash128){0x6e6f6973, 0});
    for (int64_t i = 0; i < r->count * 3 * r->height * r->width; i++)
        rgb[i] = (float)random_uniform(stream, (uint64_t)i);
}

static bool load_source(const ImageBatch *r, uint64_t seed, float *rgb, Inputs *inputs,
                        NascError *err) {
    static const char cifar[] = "cifar10:", folder[] = "folder:";
    if (strncmp(r->source, cifar, sizeof cifar - 1) == 0)
        return load_cifar(r->source + sizeof cifar - 1, r, seed, rgb, inputs, err);
    if (strncmp(r->source, folder, sizeof folder - 1) == 0)
        return load_folder(r->source + sizeof folder - 1, r, seed, rgb, inputs, err);
    if (strcmp(r->source, "noise") == 0) {
        load_noise(r, seed, rgb);
        return true;
    }
    if (strcmp(r->source, "dead_leaves") == 0) {
        for (int64_t i = 0; i < r->count; i++)
            dead_leaves_draw(seed, (uint64_t)i, r->height, r->width,
                             rgb + i * 3 * r->height * r->width);
        return true;
    }
    nasc_fail(err, NASC_PROGRAM_ERROR,
              "'%s' is no image source; use dead_leaves, noise, cifar10:FILE or folder:DIR",
              r->source);
    return false;
}

/* Pads by an eighth of the edge with black, crops at random, flips every other image on average. */
static void augment_image(const ImageBatch *r, RandomStream stream, uint64_t number, float *rgb) {
    int64_t h = r->height, w = r->width, pad_y = h / 8, pad_x = w / 8;
    int64_t dy = (int64_t)random_below(stream, 3 * number, (uint64_t)(2 * pad_y + 1)) - pad_y;
    int64_t dx = (int64_t)random_below(stream, 3 * number + 1, (uint64_t)(2 * pad_x + 1)) - pad_x;
    bool flip = random_below(stream, 3 * number + 2, 2) == 1;
    float *old = nasc_alloc((size_t)(h * w) * sizeof *old);
    for (int64_t c = 0; c < 3; c++) {
        float *plane = rgb + c * h * w;
        memcpy(old, plane, (size_t)(h * w) * sizeof *old);
        for (int64_t y = 0; y < h; y++) {
            for (int64_t x = 0; x < w; x++) {
                int64_t sy = y + dy, sx = (flip ? w - 1 - x : x) + dx;
                bool inside = sy >= 0 && sy < h && sx >= 0 && sx < w;
                plane[y * w + x] = inside ? old[sy * w + sx] : 0;
            }
        }
    }
    free(old);
}

/* Colours to the wanted channels, normalised. */
static void store_image(const ImageBatch *r, const float *rgb, float *out) {
    int64_t n = r->height * r->width;
    for (int64_t c = 0; c < r->channels; c++) {
        int64_t k = c % 3;
        for (int64_t i = 0; i < n; i++) {
            float v = r->channels == 1
                          ? 0.299f * rgb[i] + 0.587f * rgb[n + i] + 0.114f * rgb[2 * n + i]
                          : rgb[k * n + i];
            out[c * n + i] = r->normalise ? (v - channel_mean[k]) / channel_deviation[k] : v;
        }
    }
}

bool images_batch(const ImageBatch *r, uint64_t seed, float *out, Inputs *inputs, NascError *err) {
    int64_t pixels;
    if (r->count < 1 || r->channels < 1 || r->height < 1 || r->width < 1 ||
        !mul_checked(r->height, r->width, &pixels) ||
        !mul_checked(pixels, MAX(r->channels, 3), &pixels) ||
        !mul_checked(pixels, r->count, &pixels) || pixels > MAX_BATCH_PIXELS) {
        nasc_fail(
            err, NASC_PROGRAM_ERROR, "a batch of %lld images of %lldx%lldx%lld is beyond the limit",
            (long long)r->count, (long long)r->channels, (long long)r->height, (long long)r->width);
        return false;
    }
    int64_t each = 3 * r->height * r->width;
    float *rgb = nasc_alloc((size_t)(r->count * each) * sizeof *rgb);
    bool ok = load_source(r, seed, rgb, inputs, err);
    RandomStream stream = random_stream(seed, 0, RANDOM_IMAGES, (Hash128){0x61756770, 0});
    for (int64_t i = 0; ok && i < r->count; i++) {
        if (r->augment)
            augment_image(r, stream, (uint64_t)i, rgb + i * each);
        store_image(r, rgb + i * each, out + i * r->channels * r->height * r->width);
    }
    free(rgb);
    return ok;
}

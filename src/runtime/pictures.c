/* JPEG and PNG files to RGB planes, and fitting a picture to a size. */
#include "runtime/images.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

enum { MAX_SIDE = 1 << 15 };

static bool damaged(NascError *err, const char *path, const char *why) {
    nasc_fail(err, NASC_PROGRAM_ERROR, "picture '%s' cannot be decoded: %s", path, why);
    return false;
}

/* rgb[height][width][3] bytes to planes. */
static void planes_from_bytes(const unsigned char *rgb, Picture *p) {
    int64_t n = p->height * p->width;
    p->pixels = nasc_alloc((size_t)(3 * n) * sizeof *p->pixels);
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = 0; c < 3; c++)
            p->pixels[c * n + i] = (float)rgb[3 * i + c] / 255.0f;
}

typedef struct JpegErrors {
    struct jpeg_error_mgr base;
    jmp_buf escape;
    char message[JMSG_LENGTH_MAX];
} JpegErrors;

static void jpeg_escape(j_common_ptr info) {
    JpegErrors *e = (JpegErrors *)info->err;
    e->base.format_message(info, e->message);
    longjmp(e->escape, 1);
}

/* A premature end is only a warning to libjpeg, which fills in grey; here it is damage. */
static void jpeg_warning(j_common_ptr info, int level) {
    if (level < 0)
        jpeg_escape(info);
}

static bool decode_jpeg(const unsigned char *bytes, size_t len, const char *path, Picture *out,
                        NascError *err) {
    struct jpeg_decompress_struct info;
    JpegErrors errors;
    unsigned char *volatile rgb = NULL;
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = jpeg_escape;
    errors.base.emit_message = jpeg_warning;
    if (setjmp(errors.escape)) {
        jpeg_destroy_decompress(&info);
        free(rgb);
        return damaged(err, path, errors.message);
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, bytes, len);
    jpeg_read_header(&info, TRUE);
    info.out_color_space = JCS_RGB;
    info.dct_method = JDCT_ISLOW; /* the integer transform: the same pixels on every machine */
    jpeg_start_decompress(&info);
    out->height = info.output_height;
    out->width = info.output_width;
    size_t stride = 3 * (size_t)out->width;
    rgb = nasc_alloc(stride * (size_t)out->height);
    while (info.output_scanline < info.output_height) {
        JSAMPROW row = rgb + stride * info.output_scanline;
        jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    planes_from_bytes(rgb, out);
    free(rgb);
    return true;
}

static bool decode_png(const unsigned char *bytes, size_t len, const char *path, Picture *out,
                       NascError *err) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, bytes, len))
        return damaged(err, path, image.message);
    image.format = PNG_FORMAT_RGB;
    if (image.width > MAX_SIDE || image.height > MAX_SIDE) {
        png_image_free(&image);
        return damaged(err, path, "it is larger than 32768 pixels an edge");
    }
    unsigned char *rgb = nasc_alloc(PNG_IMAGE_SIZE(image));
    bool ok = png_image_finish_read(&image, NULL, rgb, 0, NULL) != 0;
    if (ok) {
        out->height = image.height;
        out->width = image.width;
        planes_from_bytes(rgb, out);
    } else {
        damaged(err, path, image.message);
    }
    free(rgb);
    return ok;
}

bool picture_decode(const unsigned char *bytes, size_t len, const char *path, Picture *out,
                    NascError *err) {
    *out = (Picture){0};
    if (len >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8)
        return decode_jpeg(bytes, len, path, out, err);
    if (len >= 8 && png_sig_cmp((png_const_bytep)bytes, 0, 8) == 0)
        return decode_png(bytes, len, path, out, err);
    return damaged(err, path, "it is neither JPEG nor PNG");
}

/* One output sample of a triangle filter: weights over in[0..n), stride apart. */
static float filtered(const float *in, int64_t n, int64_t stride, double centre, double scale) {
    double reach = MAX(scale, 1.0), sum = 0, norm = 0;
    int64_t first = MAX(0, (int64_t)ceil(centre - reach - 0.5));
    int64_t last = MIN(n - 1, (int64_t)floor(centre + reach - 0.5));
    for (int64_t i = first; i <= last; i++) {
        double weight = 1 - fabs((double)i + 0.5 - centre) / reach;
        if (weight > 0) {
            sum += weight * in[i * stride];
            norm += weight;
        }
    }
    return norm > 0 ? (float)(sum / norm) : in[MIN(n - 1, MAX(0, (int64_t)centre)) * stride];
}

void picture_fit(const Picture *p, int64_t height, int64_t width, float *out) {
    double scale = MIN((double)p->height / (double)height, (double)p->width / (double)width);
    double top = 0.5 * ((double)p->height - scale * (double)height);
    double left = 0.5 * ((double)p->width - scale * (double)width);
    float *rows = nasc_alloc((size_t)(p->height * width) * sizeof *rows);
    for (int64_t c = 0; c < 3; c++) {
        const float *plane = p->pixels + c * p->height * p->width;
        for (int64_t y = 0; y < p->height; y++)
            for (int64_t x = 0; x < width; x++)
                rows[y * width + x] = filtered(plane + y * p->width, p->width, 1,
                                               left + ((double)x + 0.5) * scale, scale);
        for (int64_t y = 0; y < height; y++)
            for (int64_t x = 0; x < width; x++)
                out[(c * height + y) * width + x] =
                    filtered(rows + x, p->height, width, top + ((double)y + 0.5) * scale, scale);
    }
    free(rows);
}

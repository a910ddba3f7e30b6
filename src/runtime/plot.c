#include "runtime/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Pixels. */
enum {
    WIDTH = 760,
    HEIGHT = 440,
    LEFT = 68,
    RIGHT = 200,
    TOP = 48,
    BOTTOM = 60,
    LEGEND_LINE = 20,
    TICK = 5
};

typedef struct Axis {
    double lo, hi, step; /* of the ticks: lo and hi are multiples of step */
    double from, to;     /* pixels */
} Axis;

static void widen(double *lo, double *hi, double x) {
    if (!isfinite(x))
        return;
    *lo = fmin(*lo, x);
    *hi = fmax(*hi, x);
}

/* The smallest of 1, 2, 5 times a power of ten that is not below x. */
static double round_up(double x) {
    double power = pow(10, floor(log10(x)));
    static const double of[] = {1, 2, 5};
    for (size_t i = 0; i < 3; i++)
        if (of[i] * power >= x * (1 - 1e-9))
            return of[i] * power;
    return 10 * power;
}

static Axis axis_make(double lo, double hi, int ticks, double least, double from, double to) {
    if (!(hi > lo)) { /* nothing to show, or one value */
        double centre = isfinite(lo) ? lo : 0;
        lo = centre - least / 2;
        hi = centre + least / 2;
    }
    double step = fmax(least, round_up((hi - lo) / ticks));
    return (Axis){floor(lo / step + 1e-9) * step, ceil(hi / step - 1e-9) * step, step, from, to};
}

/* Steps are few whole numbers, and the axis ends where they do. */
static Axis x_axis(const Plot *p) {
    double lo = INFINITY, hi = -INFINITY;
    for (size_t i = 0; i < p->nlines; i++)
        for (size_t k = 0; k < p->lines[i].n; k++)
            widen(&lo, &hi, p->lines[i].x[k]);
    Axis a = axis_make(lo, hi, 10, 1, LEFT, WIDTH - RIGHT);
    if (hi > lo) {
        a.lo = lo;
        a.hi = hi;
    }
    return a;
}

static Axis y_axis(const Plot *p) {
    double lo = INFINITY, hi = -INFINITY;
    for (size_t i = 0; i < p->nlines; i++)
        for (size_t k = 0; k < p->lines[i].n; k++)
            widen(&lo, &hi, p->lines[i].y[k]);
    for (size_t i = 0; i < p->nlevels; i++)
        widen(&lo, &hi, p->levels[i].y);
    return axis_make(lo, hi, 7, 0.01, HEIGHT - BOTTOM, TOP);
}

static double at(const Axis *a, double x) {
    return a->from + (x - a->lo) / (a->hi - a->lo) * (a->to - a->from);
}

static void put_text(Buf *b, double x, double y, const char *anchor, const char *more,
                     const char *text) {
    buf_printf(b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>", x, y, anchor, more);
    for (; *text; text++) {
        const char *entity = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : "&amp;";
        if (strchr("<>&", *text))
            buf_puts(b, entity);
        else
            buf_putc(b, *text);
    }
    buf_puts(b, "</text>\n");
}

static void put_line(Buf *b, double x1, double y1, double x2, double y2, const char *colour,
                     const char *more) {
    buf_printf(b, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"%s/>\n", x1,
               y1, x2, y2, colour, more);
}

/* The ticks lie at multiples of the step. */
static void put_axes(Buf *b, const Plot *p, const Axis *x, const Axis *y) {
    char label[32];
    double bottom = HEIGHT - BOTTOM, right = WIDTH - RIGHT;
    int decimals = y->step < 0.05 ? 2 : 1;
    for (double k = ceil(y->lo / y->step - 1e-9); k * y->step <= y->hi + 1e-9; k++) {
        double value = k == 0 ? 0 : k * y->step, py = at(y, value);
        put_line(b, LEFT, py, right, py, k == 0 ? "#888" : "#ddd", "");
        snprintf(label, sizeof label, "%.*f", decimals, value);
        put_text(b, LEFT - 2 * TICK, py + 4, "end", "", label);
    }
    for (double k = ceil(x->lo / x->step - 1e-9); k * x->step <= x->hi + 1e-9; k++) {
        double px = at(x, k * x->step);
        put_line(b, px, bottom, px, bottom + TICK, "#333", "");
        snprintf(label, sizeof label, "%.0f", k * x->step);
        put_text(b, px, bottom + TICK + 14, "middle", "", label);
    }
    put_line(b, LEFT, bottom, right, bottom, "#333", "");
    put_line(b, LEFT, TOP, LEFT, bottom, "#333", "");
    put_text(b, (LEFT + right) / 2, HEIGHT - 18, "middle", "", p->x_label);
    char turn[64];
    snprintf(turn, sizeof turn, " transform=\"rotate(-90 18 %.0f)\"", (TOP + bottom) / 2);
    put_text(b, 18, (TOP + bottom) / 2, "middle", turn, p->y_label);
    put_text(b, LEFT, TOP - 20, "start", " font-size=\"15\"", p->title);
}

/* Runs of points between gaps; a point alone is a dot. */
static void put_points(Buf *b, const PlotLine *l, const Axis *x, const Axis *y) {
    for (size_t i = 0, end; i < l->n; i = end + 1) {
        for (end = i; end < l->n && isfinite(l->y[end]);)
            end++;
        if (end == i)
            continue;
        if (end == i + 1) {
            buf_printf(b, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.1f\" fill=\"%s\"/>\n",
                       at(x, l->x[i]), at(y, l->y[i]), l->width + 0.5, l->colour);
            continue;
        }
        buf_printf(b,
                   "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\" "
                   "stroke-linejoin=\"round\" points=\"",
                   l->colour, l->width);
        for (size_t k = i; k < end; k++)
            buf_printf(b, "%s%.2f,%.2f", k > i ? " " : "", at(x, l->x[k]), at(y, l->y[k]));
        buf_puts(b, "\"/>\n");
    }
}

#define DASHED " stroke-width=\"1.5\" stroke-dasharray=\"6 4\""

static void put_legend(Buf *b, const Plot *p) {
    double x = WIDTH - RIGHT + 16, y = TOP + 8;
    for (size_t i = 0; i < p->nlines; i++) {
        const PlotLine *l = &p->lines[i];
        if (!l->name)
            continue;
        char more[40];
        snprintf(more, sizeof more, " stroke-width=\"%.1f\"", l->width);
        put_line(b, x, y - 4, x + 22, y - 4, l->colour, more);
        put_text(b, x + 30, y, "start", "", l->name);
        y += LEGEND_LINE;
    }
    for (size_t i = 0; i < p->nlevels; i++) {
        if (isnan(p->levels[i].y))
            continue;
        put_line(b, x, y - 4, x + 22, y - 4, p->levels[i].colour, DASHED);
        put_text(b, x + 30, y, "start", "", p->levels[i].name);
        y += LEGEND_LINE;
    }
}

void plot_svg(const Plot *p, Buf *b) {
    Axis x = x_axis(p), y = y_axis(p);
    buf_printf(b,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
               "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
               "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
               WIDTH, HEIGHT, WIDTH, HEIGHT);
    put_axes(b, p, &x, &y);
    for (size_t i = 0; i < p->nlevels; i++)
        if (!isnan(p->levels[i].y)) {
            double py = at(&y, p->levels[i].y);
            put_line(b, LEFT, py, WIDTH - RIGHT, py, p->levels[i].colour, DASHED);
        }
    for (size_t i = 0; i < p->nlines; i++)
        put_points(b, &p->lines[i], &x, &y);
    put_legend(b, p);
    buf_puts(b, "</svg>\n");
}

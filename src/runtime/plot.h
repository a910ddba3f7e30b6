/* Line plots as SVG: axes with round ticks, lines, horizontal levels, a legend. The text of a plot is a function of
 * its values alone. */
#ifndef NASC_RUNTIME_PLOT_H
#define NASC_RUNTIME_PLOT_H

#include "base/buf.h"

typedef struct PlotLine {
    const char *name; /* in the legend; NULL: not listed there */
    const char *colour;
    double width; /* pixels */
    const double *x, *y;
    size_t n; /* a y that is NaN leaves a gap */
} PlotLine;

/* A horizontal line, dashed, over the whole width. */
typedef struct PlotLevel {
    const char *name, *colour;
    double y; /* NaN: left out */
} PlotLevel;

typedef struct Plot {
    const char *title, *x_label, *y_label; /* plain text */
    const PlotLine *lines;                 /* later ones lie on top */
    size_t nlines;
    const PlotLevel *levels;
    size_t nlevels;
} Plot;

void plot_svg(const Plot *p, Buf *out);

#endif

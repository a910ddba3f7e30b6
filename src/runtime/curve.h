/* How well a proxy would rank had its trainings ended earlier: its correlation with the metric after every step.
 *
 * The score after step s is the proxy's own score expression, read as if nothing measured had changed after s; at the
 * last step it is the score. It is computed from what the trainings measured and asks nothing more of them.
 */
#ifndef NASC_RUNTIME_CURVE_H
#define NASC_RUNTIME_CURVE_H

#include "base/buf.h"
#include "frontend/program.h"

struct RankResult;

/* A curve has every step as a point, or so many of them, evenly spread, the first and the last among them. */
enum { CURVE_MAX_POINTS = 128 };
size_t curve_points(int64_t steps);
/* The step of point k, from 1. */
int64_t curve_step(int64_t steps, size_t k);

/* The scores [point] of one repeat, from its values[step][measure]; NaN from the step on that was not reached. */
void curve_scores(const ProxyBuild *build, const double *values, double *out);

typedef struct Curve {
    size_t npoints,
        nrepeats;       /* npoints 0: none, since the proxy does not train or there is no metric */
    double *steps;      /* [point] */
    double *spearman;   /* [point], of the mean over repeats with the metric */
    double *kendall;    /* [point], tau-b */
    double *per_repeat; /* [repeat][point] Spearman; NULL for one repeat */
} Curve;

/* A candidate without a score after a step counts as the worst one. Fill with zero, free after use. */
void curve_make(const struct RankResult *r, Curve *out);
void curve_free(Curve *c);

/* One line for people: Spearman at a few steps, and where it is highest. */
void curve_text(const Curve *c, Buf *out);
/* arch repeat step_1 step_2 ..: the scores of which the curve is made, a candidate's repeats one after another. */
void curve_table(const struct RankResult *r, Buf *out);

/* A horizontal line of the plot: Spearman of a size with the metric. */
typedef struct CurveLevel {
    const char *name;
    double spearman;
} CurveLevel;
void curve_plot(const Curve *c, const char *title, const CurveLevel *levels, size_t nlevels,
                Buf *out);

#endif

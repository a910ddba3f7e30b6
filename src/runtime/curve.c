#include "runtime/curve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/columns.h"
#include "runtime/plot.h"
#include "runtime/stats.h"

size_t curve_points(int64_t steps) {
    return (size_t)MIN(steps, CURVE_MAX_POINTS);
}

int64_t curve_step(int64_t steps, size_t k) {
    size_t n = curve_points(steps);
    return n < 2 ? 1 : 1 + (int64_t)k * (steps - 1) / (int64_t)(n - 1);
}

void curve_scores(const ProxyBuild *build, const double *values, double *out) {
    for (size_t k = 0; k < curve_points(build->steps); k++)
        out[k] = proxy_score_after(build, values, curve_step(build->steps, k));
}

static double or_worst(double score) {
    return isfinite(score) ? score : -INFINITY;
}

static double mean_at(const RankResult *r, const Candidate *c, size_t k) {
    double sum = 0;
    for (int64_t rep = 0; rep < r->repeats; rep++)
        sum += c->curve[(size_t)rep * r->curve_points + k];
    return sum / (double)r->repeats;
}

static double *doubles(size_t n) {
    return nasc_alloc(MAX(n, 1) * sizeof(double));
}

void curve_make(const RankResult *r, Curve *out) {
    *out = (Curve){.npoints = r->has_metric ? r->curve_points : 0, .nrepeats = (size_t)r->repeats};
    size_t n = 0, points = out->npoints;
    if (!points)
        return;
    double *metric = doubles(r->n), *x = doubles(r->n);
    const Candidate **of = nasc_alloc(MAX(r->n, 1) * sizeof *of);
    for (size_t i = 0; i < r->n; i++)
        if (columns_count(r, &r->candidates[i])) {
            of[n] = &r->candidates[i];
            metric[n++] = r->candidates[i].metric;
        }
    out->steps = doubles(points);
    out->spearman = doubles(points);
    out->kendall = doubles(points);
    out->per_repeat = out->nrepeats > 1 ? doubles(points * out->nrepeats) : NULL;
    for (size_t k = 0; k < points; k++) {
        out->steps[k] = (double)curve_step(r->curve_steps, k);
        for (size_t i = 0; i < n; i++)
            x[i] = or_worst(mean_at(r, of[i], k));
        out->spearman[k] = stats_spearman(x, metric, n);
        out->kendall[k] = stats_kendall_tau_b(x, metric, n);
        for (size_t rep = 0; out->per_repeat && rep < out->nrepeats; rep++) {
            for (size_t i = 0; i < n; i++)
                x[i] = or_worst(of[i]->curve[rep * points + k]);
            out->per_repeat[rep * points + k] = stats_spearman(x, metric, n);
        }
    }
    free(metric);
    free(x);
    free(of);
}

void curve_free(Curve *c) {
    free(c->steps);
    free(c->spearman);
    free(c->kendall);
    free(c->per_repeat);
}

/* So many points stand in the line of text. */
enum { TEXT_POINTS = 10 };

void curve_text(const Curve *c, Buf *out) {
    if (!c->npoints)
        return;
    size_t shown = MIN(c->npoints, (size_t)TEXT_POINTS), best = 0;
    for (size_t k = 0; k < c->npoints; k++)
        if (isnan(c->spearman[best]) || c->spearman[k] > c->spearman[best])
            best = k;
    buf_puts(out, "Spearman by step:");
    for (size_t i = 0; i < shown; i++) {
        size_t k = shown < 2 ? 0 : i * (c->npoints - 1) / (shown - 1);
        buf_printf(out, "%s %.0f ", i ? "," : "", c->steps[k]);
        if (isnan(c->spearman[k]))
            buf_putc(out, '-');
        else
            buf_printf(out, "%.3f", c->spearman[k]);
    }
    if (!isnan(c->spearman[best]))
        buf_printf(out, "; highest %.3f at %.0f", c->spearman[best], c->steps[best]);
    buf_puts(out, ".\n");
}

void curve_table(const RankResult *r, Buf *out) {
    bool several = r->nsets > 1;
    buf_printf(out, "%sarch\trepeat", several ? "space\t" : "");
    for (size_t k = 0; k < r->curve_points; k++)
        buf_printf(out, "\tstep_%lld", (long long)curve_step(r->curve_steps, k));
    buf_putc(out, '\n');
    for (size_t i = 0; i < r->n; i++) {
        const Candidate *c = &r->candidates[i];
        for (int64_t rep = 0; c->curve && rep < r->repeats; rep++) {
            if (several)
                buf_printf(out, "%s\t", r->sets[c->set].name);
            buf_printf(out, "%s\t%lld", c->arch, (long long)rep + 1);
            for (size_t k = 0; k < r->curve_points; k++) {
                double score = c->curve[(size_t)rep * r->curve_points + k];
                buf_putc(out, '\t');
                if (!isnan(score)) /* else an empty cell */
                    buf_put_double(out, score);
            }
            buf_putc(out, '\n');
        }
    }
}

/* Colours that differ for colour-blind eyes too (Okabe and Ito). */
#define BLUE       "#0072b2"
#define LIGHT_BLUE "#9fcbe8"
#define VERMILION  "#d55e00"
static const char *const level_colours[] = {"#009e73", "#8a8a8a", "#cc79a7", "#e69f00"};

void curve_plot(const Curve *c, const char *title, const CurveLevel *levels, size_t nlevels,
                Buf *out) {
    size_t n = 0, repeats = c->per_repeat ? c->nrepeats : 0;
    PlotLine *lines = nasc_alloc((repeats + 2) * sizeof *lines);
    PlotLevel *marks = nasc_alloc(MAX(nlevels, 1) * sizeof *marks);
    for (size_t rep = 0; rep < repeats; rep++)
        lines[n++] = (PlotLine){.name = rep ? NULL : "Spearman, one repeat",
                                .colour = LIGHT_BLUE,
                                .width = 1,
                                .x = c->steps,
                                .y = c->per_repeat + rep * c->npoints,
                                .n = c->npoints};
    lines[n++] = (PlotLine){"Kendall tau-b", VERMILION, 1.5, c->steps, c->kendall, c->npoints};
    lines[n++] = (PlotLine){repeats ? "Spearman, mean of all" : "Spearman",
                            BLUE,
                            2.5,
                            c->steps,
                            c->spearman,
                            c->npoints};
    char(*names)[64] = nasc_alloc(MAX(nlevels, 1) * sizeof *names);
    for (size_t i = 0; i < nlevels; i++) {
        snprintf(names[i], sizeof names[i], "%s %.3f", levels[i].name, levels[i].spearman);
        marks[i] = (PlotLevel){names[i], level_colours[i % 4], levels[i].spearman};
    }
    Plot p = {title, "step", "rank correlation with the metric", lines, n, marks, nlevels};
    plot_svg(&p, out);
    free(lines);
    free(marks);
    free(names);
}
